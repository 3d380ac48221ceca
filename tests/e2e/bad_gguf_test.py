"""GGUF files that are wrong, one thing at a time: each is refused by name before anything is allocated."""

import copy
import struct

from carat_program import MODELS, ProgramTest, main
from containers import ARRAY, FLOAT32, GGML_I8, INT32, STRING, UINT32, UINT64, Gguf, GgufTensor

PATH = MODELS / "e2b" / "model-q4_0.gguf"
NAN_F16, INFINITE_F16 = struct.pack("<H", 0x7E00), struct.pack("<H", 0x7C00)
CORRUPT, NOT_FOUND, UNSUPPORTED, LIMIT, USAGE = 4, 3, 5, 8, 2


class BadGgufTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.bytes = PATH.read_bytes()
        cls.whole = Gguf.read(PATH)
        assert cls.whole.to_bytes() == cls.bytes

    def gguf(self):
        return copy.deepcopy(self.whole)

    def refused_file(self, code, words, content, name="bad.gguf"):
        """By every command that reads a model, in the same words."""
        path = self.write(name, content)
        words = words if isinstance(words, tuple) else (words,)
        sentence = self.refused(code, (name, *words), "show", path)
        self.assertEqual(self.refused(code, words, "ask", "x", "--model", path), sentence)
        self.assertEqual(self.refused(code, words, "probe", path, "--ids", "2", "--out", self.folder / "o"), sentence)
        self.assertFalse((self.folder / "o").exists())
        return sentence

    def with_metadata(self, **changes):
        """Dots in keys are written __; None removes the key."""
        gguf = self.gguf()
        for key, value in changes.items():
            key = key.replace("__", ".")
            if value is None:
                del gguf.metadata[key]
            else:
                gguf.metadata[key] = value
        return gguf.to_bytes()

    def with_tensor(self, name, **changes):
        gguf = self.gguf()
        for field, value in changes.items():
            setattr(gguf.tensors[name], field, value)
        return gguf.to_bytes()

    # ---- the container

    def test_not_gguf_at_all(self):
        for words, content in (
            ("empty", b""),
            ("GGUF", b"G"),
            ("starts with", b"this is no model at all, just some words"),
            ("zip", b"PK\x03\x04" + bytes(100)),
            ("git-lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
            ("byte-swapped", b"FUGG" + bytes(100)),
            ("starts with", bytes(1000)),
            ("starts with", b"\x1b[31mred\x07" + bytes(100)),
        ):
            self.refused_file(CORRUPT, words, content)

    def test_versions(self):
        for words, version in (("version 1", 1), ("version 2", 2), ("version 4", 4), ("big-endian", 3 << 24)):
            self.refused_file(UNSUPPORTED, words, self.gguf().to_bytes(version=version))

    def test_truncated(self):
        for length in (4, 7, 8, 16, 23, 24, 30, 100, 1000, 5000, 8000, 10000, len(self.bytes) // 2,
                       len(self.bytes) - 1):
            self.refused_file(CORRUPT, "download it again", self.bytes[:length])

    def test_counts(self):
        for words, arguments in (("tensors", {"n_tensors": 1 << 63}), ("tensors", {"n_tensors": (1 << 64) - 1}),
                                 ("tensors", {"n_tensors": 100_001}), ("metadata keys", {"n_keys": 1 << 63}),
                                 ("metadata keys", {"n_keys": 1_000_001})):
            self.refused_file(LIMIT, (words, "at most"), self.gguf().to_bytes(**arguments))
        for arguments in ({"n_tensors": 1000}, {"n_keys": 1000}, {"n_keys": 3}):
            path = self.write("count.gguf", self.gguf().to_bytes(**arguments))
            result = self.run_carat("show", path)
            self.refused(result.returncode, "count.gguf", "show", path)
            self.assertIn(result.returncode, (CORRUPT, UNSUPPORTED, LIMIT))

    def test_lengths(self):
        key = b"general.architecture"
        begin = self.bytes.index(key)
        for length in (1 << 63, (1 << 64) - 1, 70_000):
            content = bytearray(self.bytes)
            content[begin - 8 : begin] = struct.pack("<Q", length)
            self.refused_file(LIMIT, "metadata key 0", bytes(content))
        at = begin + len(key) + 4
        for length in (1 << 62, (16 << 20) + 1):
            content = bytearray(self.bytes)
            content[at : at + 8] = struct.pack("<Q", length)
            self.refused_file(LIMIT, "general.architecture", bytes(content))
        at = self.bytes.index(b"tokenizer.ggml.scores") + len(b"tokenizer.ggml.scores") + 8
        for count in (1 << 62, (1 << 64) - 1, 50_000_000):
            content = bytearray(self.bytes)
            content[at : at + 8] = struct.pack("<Q", count)
            self.refused_file(LIMIT, "tokenizer.ggml.scores", bytes(content))
        at = self.bytes.index(b"tokenizer.ggml.tokens") + len(b"tokenizer.ggml.tokens") + 8
        content = bytearray(self.bytes)
        content[at : at + 8] = struct.pack("<Q", 1 << 60)
        self.refused_file(LIMIT, "tokenizer.ggml.tokens", bytes(content))

    def test_value_types(self):
        key = b"general.file_type"
        at = self.bytes.index(key) + len(key)
        for number in (13, 99, 1 << 31):
            content = bytearray(self.bytes)
            content[at : at + 4] = struct.pack("<I", number)
            self.refused_file(CORRUPT, ("general.file_type", f"type {number}"), bytes(content))
        key = b"tokenizer.ggml.add_bos_token"
        content = bytearray(self.bytes)
        content[content.index(key) + len(key) + 4] = 7
        self.refused_file(CORRUPT, ("tokenizer.ggml.add_bos_token", "bool of 7"), bytes(content))

    def test_names_twice(self):
        self.refused_file(CORRUPT, "blk.1.ffn_up.weight is there twice",
                          self.bytes.replace(b"blk.0.ffn_up.weight", b"blk.1.ffn_up.weight"))
        self.refused_file(CORRUPT, "tokenizer.ggml.bos_token_id",
                          self.bytes.replace(b"tokenizer.ggml.eos_token_id", b"tokenizer.ggml.bos_token_id"))

    def test_names_that_are_no_text(self):
        self.refused_file(CORRUPT, ("UTF-8", "\\xFF"), self.bytes.replace(b"blk.0.ffn_up.weight", b"blk.0.ffn_u\xff.weight"))
        self.refused_file(CORRUPT, "UTF-8", self.bytes.replace(b"general.file_type", b"general.file_typ\xc3"))
        self.refused_file(LIMIT, "256", self.renamed("blk.0.ffn_up.weight", "x" * 257))
        self.refused_file(CORRUPT, "empty", self.renamed("blk.0.ffn_up.weight", ""))
        # What a terminal would obey is shown, not sent.
        gguf = self.gguf()
        gguf.tensors["\x1b[2Jgone\x07"] = GgufTensor([8], 0, bytes(32))
        hostile = self.refused_file(CORRUPT, "\\x1B", gguf.to_bytes())
        self.assertTrue(hostile.isprintable(), hostile)

    def renamed(self, old, new):
        gguf = self.gguf()
        gguf.tensors = {new if name == old else name: tensor for name, tensor in gguf.tensors.items()}
        return gguf.to_bytes()

    def test_offsets(self):
        name = "blk.0.ffn_up.weight"
        for words, offset in (("overlap", 0), ("beyond the end", len(self.bytes) // 32 * 32),
                              ("beyond the end", (1 << 64) - 32), ("beyond the end", 1 << 62),
                              ("alignment", 33)):
            self.refused_file(CORRUPT, (name if offset else "", words), self.gguf().to_bytes(offsets={name: offset}))

    def test_alignment(self):
        for words, value in (("alignment", 0), ("alignment", 3), ("alignment", 1 << 20)):
            path = self.write("bad.gguf", self.with_metadata(general__alignment=(UINT32, value)))
            code = self.run_carat("show", path).returncode
            self.assertIn(code, (CORRUPT, LIMIT))
            self.refused(code, ("bad.gguf", words), "show", path)

    # ---- tensors

    def test_shapes(self):
        name = "blk.0.ffn_up.weight"
        for code, words, dims in (
            (CORRUPT, "extent of 0", [64, 0]),
            (CORRUPT, "extent", [64, 1 << 63]),
            (CORRUPT, "larger than 64 bits", [64, 1 << 62]),
            (CORRUPT, "larger than 64 bits", [1 << 32, 1 << 32]),
            (CORRUPT, "beyond the end", [64, 1 << 40]),
            (CORRUPT, "dimensions", []),
            (CORRUPT, "dimensions", [64, 1, 1, 1, 32]),
            (CORRUPT, "multiple of 32", [33, 32]),
        ):
            self.refused_file(code, (name, words), self.with_tensor(name, dims=dims))
        for dims in ([32, 64], [64, 16], [64], [64, 4, 8]):
            self.refused_file(CORRUPT, (name, "has shape", "[32, 64]"), self.with_tensor(name, dims=dims))

    def test_types(self):
        name = "blk.0.ffn_up.weight"
        for number, words in ((77, "type number 77"), (4, "type number 4"), (GGML_I8, "I8")):
            path = self.write("bad.gguf", self.with_tensor(name, type=number, data=bytes(4096)))
            self.refused(UNSUPPORTED, (name, words), "probe", path, "--ids", "2", "--out", self.folder / "o")
        self.refused_file(UNSUPPORTED, ("blk.0.attn_norm.weight", "I8"),
                          self.with_tensor("blk.0.attn_norm.weight", type=GGML_I8, data=bytes(256)))

    def test_refused_types_of_a_fitting_shape(self):
        """IQ2 and IQ3 are known and not read for now; a well-formed file of theirs says so by name."""
        gguf = Gguf.read(MODELS / "31b" / "model-q4_k_m.gguf")
        name = "blk.0.ffn_up.weight"
        dims = gguf.tensors[name].dims
        for number, size, word in ((16, 66, "IQ2_XXS"), (18, 98, "IQ3_XXS"), (21, 110, "IQ3_S")):
            gguf.tensors[name] = GgufTensor(dims, number, bytes(dims[0] * dims[1] // 256 * size))
            self.refused_file(UNSUPPORTED, (name, word), gguf.to_bytes())

    def test_missing_and_unknown_tensors(self):
        for name in ("token_embd.weight", "output_norm.weight", "blk.3.attn_q.weight", "blk.0.ffn_norm.weight",
                     "per_layer_token_embd.weight", "blk.6.layer_output_scale.weight"):
            gguf = self.gguf()
            del gguf.tensors[name]
            path = self.write("bad.gguf", gguf.to_bytes())
            code = self.run_carat("show", path).returncode
            self.assertIn(code, (NOT_FOUND, CORRUPT), name)
            self.refused(code, ("bad.gguf", name, "missing"), "show", path)
        gguf = self.gguf()
        gguf.tensors["blk.0.mystery.weight"] = GgufTensor([8], 0, bytes(32))
        self.refused_file(CORRUPT, "blk.0.mystery.weight", gguf.to_bytes())
        gguf = self.gguf()
        gguf.tensors = {}
        path = self.write("bad.gguf", gguf.to_bytes())
        self.refused(self.run_carat("show", path).returncode, "token_embd.weight", "show", path)

    # ---- metadata

    def test_architectures(self):
        self.refused_file(UNSUPPORTED, ('"llama"', "gemma4", "gemma3"),
                          self.with_metadata(general__architecture=(STRING, b"llama")))
        self.refused_file(UNSUPPORTED, "mmproj", self.with_metadata(general__architecture=(STRING, b"clip")))
        for words, value in (("missing", None), ("string", (UINT32, 4)), ("UTF-8", (STRING, b"\xff\xfe"))):
            path = self.write("bad.gguf", self.with_metadata(general__architecture=value))
            code = self.run_carat("show", path).returncode
            self.assertIn(code, (CORRUPT, NOT_FOUND))
            self.refused(code, ("general.architecture", words), "show", path)
        hostile = self.refused_file(UNSUPPORTED, "unknown",
                                    self.with_metadata(general__architecture=(STRING, b"evil\nname")))
        self.assertTrue(hostile.isprintable(), hostile)

    def test_a_name_that_a_terminal_would_obey(self):
        path = self.write("named.gguf", self.with_metadata(general__name=(STRING, b"\x1b]0;owned\x07\xc3\xa9")))
        shown = self.ok("show", path)
        self.assertTrue(shown.startswith("\\x1B]0;owned\\x07\u00e9: gemma4"), shown[:80])
        said = self.run_carat("ask", "x", "--model", path, "--max-tokens", "2").stderr
        self.assertNotIn(b"\x1b", said)
        out = self.folder / "named.safetensors"
        self.ok("probe", path, "--ids", "2", "--out", out)
        self.assertNotIn(b"\x1b", out.read_bytes()[8:150])

    def test_sizes(self):
        for key, values in (
            ("gemma4__block_count", [None, (UINT32, 0), (UINT32, 1 << 31), (STRING, b"7"), (FLOAT32, 7.0), (UINT32, 8),
                                     (UINT64, 1 << 63)]),
            ("gemma4__embedding_length", [None, (UINT32, 0), (UINT32, 128), (INT32, -64), (UINT64, 1 << 63)]),
            ("gemma4__context_length", [None, (UINT32, 0), (UINT32, 0xFFFFFFFF)]),
            ("gemma4__attention__head_count", [None, (UINT32, 0), (UINT32, 3), (ARRAY, (UINT32, [2, 2]))]),
            ("gemma4__attention__head_count_kv", [None, (UINT32, 0), (UINT32, 1 << 20)]),
            ("gemma4__attention__key_length", [None, (UINT32, 0), (UINT32, 63), (UINT32, 1 << 20)]),
            ("gemma4__attention__value_length", [(UINT32, 32)]),
            ("gemma4__attention__sliding_window", [None, (UINT32, 0)]),
            ("gemma4__attention__sliding_window_pattern", [None, (ARRAY, (UINT32, [1, 0]))]),
            ("gemma4__attention__layer_norm_rms_epsilon", [None, (FLOAT32, float("nan")), (FLOAT32, float("inf")),
                                                           (STRING, b"small")]),
            ("gemma4__attention__shared_kv_layers", [(UINT32, 99), (UINT32, 7)]),
            ("gemma4__feed_forward_length", [None, (ARRAY, (INT32, [32])), (ARRAY, (INT32, [0] * 7))]),
            ("gemma4__rope__freq_base", [None, (FLOAT32, float("nan")), (FLOAT32, 0.0), (FLOAT32, -1.0)]),
            ("gemma4__final_logit_softcapping", [(FLOAT32, float("nan")), (FLOAT32, -30.0)]),
            ("gemma4__embedding_length_per_layer_input", [(UINT32, 1 << 30), (UINT32, 17)]),
        ):
            for value in values:
                path = self.write("bad.gguf", self.with_metadata(**{key: value}))
                code = self.run_carat("show", path).returncode
                with self.subTest(key=key, value=value):
                    self.assertIn(code, (CORRUPT, NOT_FOUND, UNSUPPORTED, LIMIT))
                    self.refused(code, "bad.gguf", "show", path)

    # ---- values

    def spoilt(self, name, offset, value):
        gguf = self.gguf()
        data = bytearray(gguf.tensors[name].data)
        data[offset : offset + len(value)] = value
        gguf.tensors[name].data = bytes(data)
        return self.write("bad.gguf", gguf.to_bytes())

    def test_scales_of_weights(self):
        """Found while packing. Blocks of Q4_0 have 18 bytes, the scale first; rows of 64 have two."""
        for name in ("blk.0.ffn_up.weight", "blk.6.attn_q.weight", "token_embd.weight"):
            for value in (NAN_F16, INFINITE_F16):
                path = self.spoilt(name, 0, value)
                self.ok("show", path)
                words = (name, "rows 0 to 15", "download")
                self.refused(CORRUPT, words, "probe", path, "--ids", "2", "--out", self.folder / "o")
                self.refused(CORRUPT, words, "ask", "x", "--model", path, said_before=True)
        path = self.spoilt("blk.0.ffn_up.weight", 18 * (2 * 20 + 1), NAN_F16)
        self.refused(CORRUPT, ("blk.0.ffn_up.weight", "rows 16 to 31"), "probe", path, "--ids", "2", "--out",
                     self.folder / "o", "--threads", "2")

    def test_norms(self):
        path = self.spoilt("blk.2.attn_norm.weight", 12, struct.pack("<f", float("nan")))
        self.refused(CORRUPT, ("blk.2.attn_norm.weight", "element 3"), "probe", path, "--ids", "2", "--out",
                     self.folder / "o")

    def test_rows_of_a_table(self):
        """Found on look-up: only who asks for that row is refused."""
        path = self.spoilt("per_layer_token_embd.weight", (200 * 112 + 5) * 2, NAN_F16)
        out = self.folder / "o"
        self.ok("probe", path, "--ids", "2,199,201", "--out", out)
        self.refused(CORRUPT, ("per_layer_token_embd.weight", "row 200"), "probe", path, "--ids", "2,200", "--out",
                     self.folder / "none")
        self.assertFalse((self.folder / "none").exists())

    # ---- split files

    def test_splits(self):
        def part(no, count=2, total=None, tensors=True):
            gguf = self.gguf()
            names = list(gguf.tensors)
            half = len(names) // 2
            chosen = names[:half] if no == 0 else names[half:]
            gguf.tensors = {name: gguf.tensors[name] for name in chosen} if tensors else {}
            gguf.metadata["split.no"] = (2, no)
            gguf.metadata["split.count"] = (2, count)
            gguf.metadata["split.tensors.count"] = (INT32, len(names) if total is None else total)
            return gguf.to_bytes()

        first = self.write("whole-00001-of-00002.gguf", part(0))
        self.refused(NOT_FOUND, ("part 2 of 2", "whole-00002-of-00002.gguf"), "show", first)
        second = self.write("whole-00002-of-00002.gguf", part(1))
        self.assertEqual(self.ok("show", first, "--json").replace(first, ""),
                         self.ok("show", second, "--json").replace(second, ""))
        self.write("whole-00002-of-00002.gguf", part(1)[:20000])
        self.refused(CORRUPT, ("part 2 of 2", "whole-00002-of-00002.gguf"), "show", first)
        self.write("whole-00002-of-00002.gguf", part(1, total=5))
        self.refused(CORRUPT, "whole-00002-of-00002.gguf", "show", first)
        self.write("whole-00002-of-00002.gguf", part(1, tensors=False))
        self.refused(CORRUPT, "split.tensors.count", "show", first)
        self.write("whole-00002-of-00002.gguf", part(0))
        self.refused(CORRUPT, "whole-00002-of-00002.gguf", "show", first)
        self.write("whole-00002-of-00002.gguf", self.bytes)
        self.refused(CORRUPT, "whole-00002-of-00002.gguf", "show", first)
        renamed = self.write("renamed.gguf", part(0))
        self.refused(USAGE, ("renamed.gguf", "-00001-of-00002.gguf"), "show", renamed)
        self.write("many-00001-of-09999.gguf", part(0, count=9999))
        self.refused(CORRUPT, "split.count", "show", self.folder / "many-00001-of-09999.gguf")


if __name__ == "__main__":
    main()
