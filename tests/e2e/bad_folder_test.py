"""Hugging Face folders that are wrong, one thing at a time: safetensors, the shard index, config.json, tokenizer.json."""

import copy
import json
import os
import struct

from carat_program import MODELS, ProgramTest, main
from containers import read_safetensors, safetensors_bytes, safetensors_header

SIZE = "e2b"
LAYER = "model.language_model.layers.0."
UP = LAYER + "mlp.up_proj.weight"
TABLE = "model.language_model.embed_tokens_per_layer.weight"
USAGE, NOT_FOUND, CORRUPT, UNSUPPORTED, IO, LIMIT = 2, 3, 4, 5, 6, 8


class BadFolderTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.whole, _ = read_safetensors(MODELS / SIZE / "model.safetensors")

    def setUp(self):
        super().setUp()
        self.model = self.copy_model(SIZE)
        self.out = self.folder / "o"

    def spoil(self, name, content):
        """Replaces a file of the folder."""
        (self.model / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def refused_model(self, code, words):
        """By every command that runs a model, in the same words."""
        sentence = self.refused(code, words, "show", self.model)
        self.assertEqual(self.refused(code, words, "ask", "x", "--model", self.model), sentence)
        self.assertEqual(self.refused(code, words, "probe", self.model, "--ids", "2", "--out", self.out), sentence)
        self.assertFalse(self.out.exists())
        return sentence

    def refused_weights(self, code, words, content):
        self.spoil("model.safetensors", content)
        words = words if isinstance(words, tuple) else (words,)
        return self.refused_model(code, ("model.safetensors", *words))

    # ---- safetensors

    def test_not_safetensors_at_all(self):
        whole = safetensors_bytes(self.whole)
        for code, words, content in (
            (CORRUPT, "empty", b""),
            (CORRUPT, "at least 8", b"1234567"),
            (CORRUPT, "ends inside the header", whole[:8]),
            (CORRUPT, "ends inside the header", whole[:1000]),
            (CORRUPT, "beyond the end", None),
            (LIMIT, "header of", b"GGUF" * 100),
            (LIMIT, "header of", struct.pack("<Q", 1 << 63) + b"{}"),
            (LIMIT, "header of", struct.pack("<Q", (1 << 64) - 1) + b"{}"),
            (CORRUPT, "ends inside the header", struct.pack("<Q", 90 << 20) + b"{}"),
            (LIMIT, "header of", struct.pack("<Q", 200 << 20) + b"{}"),
            (CORRUPT, "JSON", safetensors_bytes({}, b"")),
            (CORRUPT, "JSON", safetensors_bytes({}, b"{")),
            (CORRUPT, "JSON", safetensors_bytes({}, b'{"a": \xff\xfe}')),
            (CORRUPT, "JSON", safetensors_bytes({}, b'{"\xff": {}}')),
            (CORRUPT, "JSON", safetensors_bytes({}, b'{"a":' * 100000)),
            (CORRUPT, "object", safetensors_bytes({}, b"[]")),
        ):
            with self.subTest(words=words):
                if content is None:
                    self.refused_weights(code, "download it again", whole[:-1])
                else:
                    self.refused_weights(code, words, content)

    def test_no_tensors(self):
        self.spoil("model.safetensors", safetensors_bytes({}))
        self.refused_model(CORRUPT, "embed_tokens.weight")

    def test_entries(self):
        shape, begin = self.whole[UP].shape, safetensors_header(self.whole)[UP]["data_offsets"][0]
        n_bytes = len(self.whole[UP].data)
        for code, words, change in (
            (CORRUPT, "dtype", {"dtype": 5}),
            (CORRUPT, "dtype", {"shape": None}),
            (CORRUPT, "data_offsets", {"data_offsets": "0"}),
            (CORRUPT, "[begin, end]", {"data_offsets": [begin]}),
            (CORRUPT, "[begin, end]", {"data_offsets": [begin + n_bytes, begin]}),
            (CORRUPT, "[begin, end]", {"data_offsets": [-1, n_bytes - 1]}),
            (CORRUPT, "[begin, end]", {"data_offsets": [begin, begin + 0.5]}),
            (CORRUPT, "bytes of data", {"data_offsets": [begin, begin + n_bytes - 2]}),
            (CORRUPT, "download it again", {"data_offsets": [1 << 62, (1 << 62) + n_bytes]}),
            (CORRUPT, "download it again", {"data_offsets": [(1 << 64) - 1 - n_bytes, (1 << 64) - 1]}),
            (CORRUPT, "overlap", {"data_offsets": [0, n_bytes]}),
            (CORRUPT, "bytes of data", {"shape": [shape[0], shape[1] * 2]}),
            (CORRUPT, "extent of 0", {"shape": [0, shape[1]]}),
            (CORRUPT, "extent of -", {"shape": [-shape[0], shape[1]]}),
            (CORRUPT, "larger than 64 bits", {"shape": [1 << 40, 1 << 40]}),
            (CORRUPT, "integers", {"shape": [shape[0], 64.5]}),
            (CORRUPT, "integers", {"shape": [shape[0], 1 << 63]}),
            (LIMIT, "dimensions", {"shape": [1] * 9}),
            (UNSUPPORTED, "F13", {"dtype": "F13"}),
            (UNSUPPORTED, "\\x1B", {"dtype": "\x1b[31m"}),
        ):
            with self.subTest(change=change):
                header = copy.deepcopy(safetensors_header(self.whole))
                header[UP].update(change)
                name = "" if "overlap" in words else UP
                self.refused_weights(code, (name, words), safetensors_bytes(self.whole, header))

    def test_types_that_are_no_weights(self):
        tensors = copy.deepcopy(self.whole)
        for dtype, size in (("I16", 1), ("F64", 4), ("BOOL", 0.5)):
            tensors[UP].dtype = dtype
            tensors[UP].data = bytes(int(len(self.whole[UP].data) * size))
            self.spoil("model.safetensors", safetensors_bytes(tensors))
            code = self.run_carat("probe", self.model, "--ids", "2", "--out", self.out).returncode
            self.assertIn(code, (UNSUPPORTED, CORRUPT))
            self.refused(code, (UP, dtype), "probe", self.model, "--ids", "2", "--out", self.out)

    def test_names(self):
        for code, words, new in ((LIMIT, "256", "x" * 257), (LIMIT, "1 to 256", ""),
                                 (CORRUPT, ("up_proj", "missing"), "model.language_model.layers.0.mlp.sideways.weight")):
            tensors = {new if name == UP else name: tensor for name, tensor in self.whole.items()}
            self.spoil("model.safetensors", safetensors_bytes(tensors))
            self.refused_model(code, words)
        hostile = copy.deepcopy(self.whole)
        hostile["\x1b[2J\n"] = hostile[LAYER + "input_layernorm.weight"]
        self.spoil("model.safetensors", safetensors_bytes(hostile))
        sentence = self.refused_model(CORRUPT, ("\\x1B", "\\x0A"))
        self.assertTrue(sentence.isprintable())
        header = json.dumps(safetensors_header(self.whole)).replace(UP, LAYER + "mlp.gate_proj.weight")
        self.refused_weights(CORRUPT, "there twice", safetensors_bytes(self.whole, header.encode()))

    def test_metadata_of_the_file(self):
        for value in ([], "x", {"format": 5}):
            header = {"__metadata__": value, **safetensors_header(self.whole)}
            self.refused_weights(CORRUPT, "__metadata__", safetensors_bytes(self.whole, header))

    def test_missing_unknown_and_misshapen_tensors(self):
        for name in ("model.language_model.embed_tokens.weight", "model.language_model.norm.weight", UP,
                     LAYER + "self_attn.q_norm.weight", LAYER + "layer_scalar"):
            tensors = {key: value for key, value in self.whole.items() if key != name}
            self.spoil("model.safetensors", safetensors_bytes(tensors))
            self.refused_model(CORRUPT, name.removeprefix("model.language_model."))
        tensors = copy.deepcopy(self.whole)
        tensors[LAYER + "mystery.weight"] = tensors[LAYER + "input_layernorm.weight"]
        self.spoil("model.safetensors", safetensors_bytes(tensors))
        self.refused_model(CORRUPT, LAYER + "mystery.weight")
        tensors = copy.deepcopy(self.whole)
        tensors[UP].shape.reverse()
        self.spoil("model.safetensors", safetensors_bytes(tensors))
        self.refused_model(CORRUPT, (UP, "[64, 32]", "[32, 64]"))

    # ---- values

    def spoil_value(self, name, index, value=0x7FC0):
        tensors = copy.deepcopy(self.whole)
        data = bytearray(tensors[name].data)
        data[2 * index : 2 * index + 2] = struct.pack("<H", value)
        tensors[name].data = bytes(data)
        self.spoil("model.safetensors", safetensors_bytes(tensors))

    def test_norms_that_are_no_numbers(self):
        for value in (0x7FC0, 0x7F80):
            self.spoil_value(LAYER + "input_layernorm.weight", 5, value)
            self.refused(CORRUPT, ("input_layernorm.weight", "element 5"), "probe", self.model, "--ids", "2", "--out",
                         self.out)
            self.refused(CORRUPT, "input_layernorm.weight", "ask", "x", "--model", self.model, said_before=True)

    def test_weights_that_are_no_numbers(self):
        self.spoil_value(UP, 64 * 20 + 7)
        self.refused(CORRUPT, UP, "probe", self.model, "--ids", "2", "--out", self.out)

    def test_rows_of_a_table(self):
        self.spoil_value(TABLE, 112 * 200 + 5)
        self.ok("probe", self.model, "--ids", "2,199,201", "--out", self.out)
        self.out.unlink()
        self.refused(CORRUPT, (TABLE, "row 200"), "probe", self.model, "--ids", "2,200", "--out", self.out)
        self.assertFalse(self.out.exists())

    # ---- shards

    def shard(self):
        """The same model in two files and an index; returns the index as a dict."""
        names = list(self.whole)
        parts = {"model-00001-of-00002.safetensors": names[: len(names) // 2],
                 "model-00002-of-00002.safetensors": names[len(names) // 2 :]}
        (self.model / "model.safetensors").unlink()
        for file, members in parts.items():
            self.spoil(file, safetensors_bytes({name: self.whole[name] for name in members}))
        index = {"metadata": {}, "weight_map": {name: file for file, members in parts.items() for name in members}}
        self.spoil("model.safetensors.index.json", json.dumps(index))
        return index

    def test_shards(self):
        answer = self.ok("ask", "x", "--model", self.model, "--max-tokens", "9")
        index = self.shard()
        self.assertEqual(self.ok("ask", "x", "--model", self.model, "--max-tokens", "9"), answer)
        second = "model-00002-of-00002.safetensors"
        content = (self.model / second).read_bytes()
        (self.model / second).unlink()
        self.refused_model(NOT_FOUND, (second, "index.json"))
        self.spoil(second, content[:-100])
        self.refused_model(CORRUPT, (second, "index.json"))
        self.spoil(second, (self.model / "model-00001-of-00002.safetensors").read_bytes())
        self.refused_model(CORRUPT, "there twice")
        self.spoil(second, safetensors_bytes({"x": self.whole[LAYER + "input_layernorm.weight"]}))
        self.refused_model(CORRUPT, (second, "index.json"))
        self.spoil(second, content)
        for value in ("../evil.safetensors", "/etc/passwd", "..", "", 5, "sub/shard.safetensors", "a\n\x1b[2J"):
            changed = copy.deepcopy(index)
            changed["weight_map"][UP] = value
            self.spoil("model.safetensors.index.json", json.dumps(changed))
            self.refused_model(CORRUPT, ("index.json", UP, "plain file name"))
        changed = {"weight_map": {name: f"{i}.safetensors" for i, name in enumerate(map(str, range(2000)))}}
        self.spoil("model.safetensors.index.json", json.dumps(changed))
        self.refused_model(LIMIT, ("index.json", "2000 shards"))
        for words, text in (("weight_map", "{}"), ("weight_map", "[]"), ("weight_map", '{"weight_map": {}}'),
                            ("weight_map", '{"weight_map": 5}'), ("JSON", "{"), ("JSON", ""), ("UTF-8", b'{"\xff": 1}')):
            self.spoil("model.safetensors.index.json", text)
            self.refused_model(CORRUPT, ("index.json", words))

    def test_no_weights(self):
        (self.model / "model.safetensors").unlink()
        self.refused_model(NOT_FOUND, (self.model, "model.safetensors"))
        for name in ("a", "b"):
            self.spoil(f"{name}.safetensors", safetensors_bytes(self.whole))
        self.refused_model(NOT_FOUND, (self.model, "2 *.safetensors"))

    # ---- config.json

    def test_config_files(self):
        for code, words, text in (
            (CORRUPT, "JSON", "{"),
            (CORRUPT, "JSON", ""),
            (CORRUPT, "JSON object", "[]"),
            (CORRUPT, "UTF-8", b'{"model_type": "\xff"}'),
            (CORRUPT, "NUL", b'{"model_type": "gemma4"}\0'),
            (LIMIT, "nested", '{"a":' * 100000),
            (LIMIT, "bytes", '{"a": "' + "x" * (5 << 20) + '"}'),
            (CORRUPT, "model_type", "{}"),
            (CORRUPT, "model_type", '{"model_type": 5}'),
            (UNSUPPORTED, ('"llama"', "gemma4"), '{"model_type": "llama"}'),
            (UNSUPPORTED, "\\x1B", '{"model_type": "\\u001b[2J\\n"}'),
        ):
            with self.subTest(text=text[:40]):
                self.spoil("config.json", text)
                sentence = self.refused_model(code, words if isinstance(words, tuple) else (words,))
                self.assertIn("config.json", sentence)
                self.assertTrue(sentence.isprintable())
        (self.model / "config.json").unlink()
        self.refused_model(NOT_FOUND, (self.model, "config.json"))

    def test_config_values(self):
        whole = json.loads((self.model / "config.json").read_text())
        absent = object()
        for key, values in (
            ("num_hidden_layers", [absent, 0, -1, 8, 1 << 40, "7", 7.5, None, [7]]),
            ("hidden_size", [absent, 0, 63, 1 << 40, 10 ** 400, "64"]),
            ("vocab_size", [absent, 0, 511, 1 << 62]),
            ("num_attention_heads", [absent, 0, 3]),
            ("num_key_value_heads", [absent, 0, 3, "1"]),
            ("head_dim", [absent, 0, 33, 1 << 30]),
            ("intermediate_size", [absent, 0, 1 << 50, 31]),
            ("max_position_embeddings", [absent, 0, 1 << 60]),
            ("sliding_window", [absent, 0, -16]),
            ("rms_norm_eps", [absent, "small", -1]),
            ("layer_types", [absent, [], ["sliding_attention"] * 7, ["x"] * 7, "sliding_attention", [5] * 7,
                             ["sliding_attention\x1b"] * 7]),
            ("num_kv_shared_layers", [7, 99, -1]),
            ("rope_parameters", [absent, 5, {}, {"full_attention": {}}, {"full_attention": 5, "sliding_attention": 5}]),
            ("hidden_activation", [absent, "relu", 5, "\x1b"]),
            ("final_logit_softcapping", [-30.0, "30"]),
            ("attention_bias", [True, "no"]),
            ("hidden_size_per_layer_input", [17, -1, 1 << 40]),
            ("use_bidirectional_attention", ["\x1b[2J", {"a": "x" * 100000}]),
        ):
            for value in values:
                config = copy.deepcopy(whole)
                config["text_config"][key] = value
                if value is absent:
                    del config["text_config"][key]
                self.spoil("config.json", json.dumps(config))
                with self.subTest(key=key, value=str(value)[:40]):
                    code = self.run_carat("show", self.model).returncode
                    self.assertIn(code, (CORRUPT, UNSUPPORTED, LIMIT))
                    self.assertTrue(self.refused(code, self.model, "show", self.model).isprintable())

    # ---- tokenizer.json

    def test_missing_tokenizer(self):
        (self.model / "tokenizer.json").unlink()
        for command in (("ask", "x", "--model", self.model), ("tokenize", self.model)):
            self.refused(NOT_FOUND, (self.model, "tokenizer.json"), *command)
        self.ok("show", self.model)
        self.ok("probe", self.model, "--ids", "2", "--out", self.out)

    def test_tokenizers(self):
        whole = json.loads((self.model / "tokenizer.json").read_text())

        def changed(change):
            tokenizer = copy.deepcopy(whole)
            change(tokenizer)
            return json.dumps(tokenizer)

        def without_byte(tokenizer):
            vocab = tokenizer["model"]["vocab"]
            vocab["nobyte"] = vocab.pop("<0x41>")

        for code, words, text in (
            (CORRUPT, "empty", ""),
            (CORRUPT, "JSON", "{"),
            (CORRUPT, "JSON", b'{"model": "\xff"}'),
            (LIMIT, "nesting", "[" * 100000),
            (CORRUPT, "model", "{}"),
            (CORRUPT, "model", "[]"),
            (UNSUPPORTED, "Unigram", changed(lambda t: t["model"].update(type="Unigram"))),
            (UNSUPPORTED, "\\x1B", changed(lambda t: t["model"].update(type="\x1b[2J"))),
            (UNSUPPORTED, "byte_fallback", changed(lambda t: t["model"].update(byte_fallback=False))),
            (UNSUPPORTED, "normalizer", changed(lambda t: t.update(normalizer={"type": "NFC"}))),
            (UNSUPPORTED, "pre-tokenizer", changed(lambda t: t.update(pre_tokenizer={"type": "ByteLevel"}))),
            (UNSUPPORTED, "decoder", changed(lambda t: t.update(decoder={"type": "Metaspace"}))),
            (CORRUPT, "model.vocab", changed(lambda t: t["model"].update(vocab=[]))),
            (CORRUPT, "not an integer", changed(lambda t: t["model"]["vocab"].update(xyzzy="5"))),
            (CORRUPT, "both have the id 300", changed(lambda t: t["model"]["vocab"].update(xyzzy=300))),
            (LIMIT, "has the id -1", changed(lambda t: t["model"]["vocab"].update(xyzzy=-1))),
            (LIMIT, "has the id", changed(lambda t: t["model"]["vocab"].update(xyzzy=1 << 40))),
            (CORRUPT, "no piece has the id 512", changed(lambda t: t["model"]["vocab"].update(xyzzy=600))),
            (CORRUPT, "merges", changed(lambda t: t["model"].update(merges=5))),
            (CORRUPT, "merge 0", changed(lambda t: t["model"].update(merges=[["a"]]))),
            (CORRUPT, "merge 0", changed(lambda t: t["model"].update(merges=["a  b"]))),
            (CORRUPT, "not in the vocabulary", changed(lambda t: t["model"].update(merges=["zz\x1b yy"]))),
            (CORRUPT, "added_tokens", changed(lambda t: t.update(added_tokens={}))),
            (CORRUPT, "added_tokens", changed(lambda t: t.update(added_tokens=[{"id": 1}]))),
            (CORRUPT, "id 300 of the piece", changed(lambda t: t["added_tokens"].append({"id": 300, "content": "new"}))),
            (UNSUPPORTED, "lstrip", changed(lambda t: t["added_tokens"][0].update(lstrip=True))),
            (CORRUPT, "<0x41>", changed(without_byte)),
        ):
            with self.subTest(words=words):
                self.spoil("tokenizer.json", text)
                sentence = self.refused(code, (self.model, words), "tokenize", self.model, stdin="x")
                self.assertTrue(sentence.isprintable())
                self.assertEqual(self.refused(code, words, "ask", "x", "--model", self.model), sentence)

    def test_templates_and_recommendations_that_are_broken(self):
        """What is only advice is checked as well where it is read, and ignored where its values make no sense."""
        self.spoil("generation_config.json", "{")
        self.refused_model(CORRUPT, ("generation_config.json", "JSON"))
        self.spoil("generation_config.json", '{"temperature": -5, "top_k": 1e99, "top_p": "x"}')
        self.ok("ask", "x", "--model", self.model, "--max-tokens", "2")

    # ---- files of a folder that are no files

    def test_special_files(self):
        for name in ("config.json", "model.safetensors", "tokenizer.json", "generation_config.json"):
            model = self.copy_model(SIZE, "special-" + name)
            path = model / name
            command = ("ask", "x", "--model", model)
            path.unlink()
            path.mkdir()
            code = self.run_carat(*command).returncode
            self.refused(code, (name, "directory"), *command)
            path.rmdir()
            os.mkfifo(path)
            code = self.run_carat(*command).returncode
            self.refused(code, (name, "regular file"), *command)
            path.unlink()
            path.symlink_to("/dev/zero")
            code = self.run_carat(*command).returncode
            self.refused(code, (name, "regular file"), *command)

    def test_broken_symlinks(self):
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            model = self.copy_model(SIZE, "link-" + name)
            (model / name).unlink()
            (model / name).symlink_to(self.folder / "nowhere")
            self.refused(NOT_FOUND, name, "ask", "x", "--model", model)
        loop = self.copy_model(SIZE, "loop")
        (loop / "model.safetensors").unlink()
        (loop / "model.safetensors").symlink_to("model.safetensors")
        self.refused(self.run_carat("show", loop).returncode, "model.safetensors", "show", loop)


if __name__ == "__main__":
    main()
