"""carat tokenize: text to ids and back, whole files and line by line, with the small vocabularies and the real one."""

import json
import os
import subprocess

from carat_program import MODELS, SIZES, ProgramTest, golden_json, main, real_model
from gemma4_vocabulary import write_gemma4_vocabulary

E2B = MODELS / "e2b"


class TokenizeTest(ProgramTest):
    def ids(self, model, text, *options):
        return list(map(int, self.ok("tokenize", model, *options, stdin=text).split()))

    def by_lines(self, model, records, *options):
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        return self.json_lines("tokenize", model, *options, stdin=lines)

    def test_golden_text_of_every_size(self):
        for size in SIZES:
            golden = golden_json(f"text/{size}/expected.json")["tokenizer"]
            self.assertEqual(self.ids(MODELS / size, golden["text"]), golden["ids"], size)
            self.assertEqual(self.by_lines(MODELS / size, [{"text": golden["text"]}]), [{"ids": golden["ids"]}])
            decoded = self.ok("tokenize", MODELS / size, "--decode", stdin=" ".join(map(str, golden["ids"])))
            self.assertEqual(decoded, golden["text"])

    def test_a_gguf_file_gives_the_ids_of_its_folder(self):
        text = golden_json("text/e2b/expected.json")["tokenizer"]["text"] + " \n\t\U0001f642<bos>"
        self.assertEqual(self.ids(E2B / "model-q4_0.gguf", text), self.ids(E2B, text))

    def test_file_and_stdin(self):
        file = self.write("text.txt", "hello there\n")
        expected = self.ok("tokenize", E2B, file)
        self.assertTrue(expected.endswith("\n"))
        self.assertEqual(self.ok("tokenize", E2B, stdin="hello there\n"), expected)
        self.assertEqual(self.ok("tokenize", E2B, "-", stdin="hello there\n"), expected)
        self.assertNotEqual(self.ok("tokenize", E2B, stdin="hello there"), expected, "the newline counts")

    def test_a_pipe_as_file(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        command = subprocess.Popen([self.carat, "tokenize", str(E2B), str(pipe)], stdout=subprocess.PIPE,
                                   env=self.environment)
        pipe.write_bytes(b"hello there")
        self.assertEqual(command.communicate(timeout=30)[0], self.ok_bytes("tokenize", E2B, stdin="hello there"))

    def test_control_strings_need_special(self):
        self.assertNotIn(2, self.ids(E2B, "<bos>a<turn|>"))
        ids = self.ids(E2B, "<bos>a<|turn>", "--special")
        self.assertEqual(ids[0], 2)
        self.assertLess(len(ids), len(self.ids(E2B, "<bos>a<|turn>")))
        self.assertEqual(self.by_lines(E2B, [{"text": "<bos>"}], "--special"), [{"ids": [2]}])
        self.assertEqual(self.ok("tokenize", E2B, "--decode", stdin="2"), "<bos>")

    def test_nothing_is_added(self):
        self.assertEqual(self.ok("tokenize", E2B, stdin=""), "\n")
        self.assertEqual(self.ok("tokenize", E2B, "--decode", stdin=" \n"), "")
        self.assertEqual(self.by_lines(E2B, [{"text": ""}]), [{"ids": []}])

    def test_bytes_that_are_no_utf8(self):
        raw = b"a\xff\xfeb\xc3"
        ids = self.ids(E2B, raw)
        self.assertEqual(self.ok_bytes("tokenize", E2B, "--decode", stdin=" ".join(map(str, ids))).decode(),
                         "a\ufffd\ufffdb\ufffd")
        line, = self.by_lines(E2B, [{"ids": ids}], "--decode")
        self.assertEqual(line, {"text": "a\ufffd\ufffdb\ufffd"})

    def test_lines_answer_as_they_come(self):
        """A program may keep one carat open and ask it line by line."""
        command = subprocess.Popen([self.carat, "tokenize", str(E2B), "--json-lines"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=self.environment)
        with command.stdin, command.stdout:
            for text in ("one", "two\n", "\u00e9\u0000\u2028", ""):
                command.stdin.write(json.dumps({"text": text}).encode() + b"\n")
                command.stdin.flush()
                ids = json.loads(command.stdout.readline())["ids"]
                if "\0" not in text:
                    self.assertEqual(ids, self.ids(E2B, text))
        self.assertEqual(command.wait(), 0)

    def test_lines_without_end_and_blank_ones(self):
        ids = self.ids(E2B, "one")
        output = self.ok("tokenize", E2B, "--json-lines", stdin='\n  \n{"text": "one"}\r\n\n{"text": "one"}')
        self.assertEqual([json.loads(line)["ids"] for line in output.splitlines()], [ids, ids])

    def test_ids_separated_by_anything(self):
        ids = self.ids(E2B, "hello there")
        for text in (",".join(map(str, ids)), ", ".join(map(str, ids)), "\n".join(map(str, ids)) + "\n"):
            self.assertEqual(self.ok("tokenize", E2B, "--decode", stdin=text), "hello there")

    def test_round_trip_of_odd_text(self):
        text = "".join(chr(c) for c in range(1, 0x250)) + "\u2581 \u2581\u2581  \U0001f468\u200d\U0001f469 e\u0301\ufeff"
        ids = self.ids(E2B, text)
        decoded = self.ok_bytes("tokenize", E2B, "--decode", stdin=" ".join(map(str, ids))).decode()
        self.assertEqual(decoded, text.replace("\u2581", " "), "U+2581 is the vocabulary's sign for a space")

    def test_ten_megabytes_of_one_character(self):
        text = b"a" * 10_000_000
        self.assertGreater(len(self.ok_bytes("tokenize", E2B, stdin=text, timeout=20)), 1000)

    # ---- input that makes no sense

    def test_ids_that_are_none(self):
        for word, text in (("600", "2 600"), ("-1", "-1"), ("x", "2 x 3"), ("2.5", "2.5"), ("1e3", "1e3"),
                           ("99999999999999999999", "99999999999999999999"), ("\\xff", b"2 \xff 3")):
            sentence = self.refused(2, ("stdin", "0 to 511"), "tokenize", E2B, "--decode", stdin=text)
            self.assertIn(word, sentence)
        file = self.write("ids.txt", "2 600")
        self.refused(2, (file, "600"), "tokenize", E2B, file, "--decode")
        for value in ("[600]", "[-1]", "[2.5]", '["2"]', "[null]", "[[2]]"):
            self.refused(2, ("stdin:1", "0 to 511"), "tokenize", E2B, "--decode", "--json-lines",
                         stdin=f'{{"ids": {value}}}\n')

    def test_lines_that_are_none(self):
        for code, words, line in (
            (2, '{"text": "..."}', '{"txt": "a"}'),
            (2, '{"text": "..."}', '{"text": 5}'),
            (2, '{"text": "..."}', '["a"]'),
            (4, "JSON", "no json"),
            (4, "JSON", '{"text": "a'),
            (4, "UTF-8", b'{"text": "\xff"}'),
            (8, "nested", '{"text": ' + "[" * 100000),
        ):
            self.refused(code, ("stdin:1", words), "tokenize", E2B, "--json-lines", stdin=line)
        result = self.run_carat("tokenize", E2B, "--json-lines", stdin='{"text": "a"}\nno json\n')
        self.assertEqual((result.returncode, result.stdout.count(b"\n")), (4, 1))
        self.assertIn(b"stdin:2", result.stderr, "the line at fault")

    def test_files_that_are_none(self):
        self.refused(3, "none.txt", "tokenize", E2B, self.folder / "none.txt")
        self.refused(6, self.folder, "tokenize", E2B, self.folder)


class RealModelTest(ProgramTest):
    by_lines = TokenizeTest.by_lines

    def test_vectors_of_gemma3(self):
        vectors = golden_json("gemma3-270m/tokens.json")["tokenizer"]
        records = [{"text": vector["text"]} for vector in vectors]
        plain = self.by_lines(real_model(), records)
        special = self.by_lines(real_model(), records, "--special")
        for vector, got, got_special in zip(vectors, plain, special):
            # A space before a literal U+2581 is two of the same piece for the BPE reference, not for sentencepiece.
            ids = vector["ids"][:-2] + [138, 236781] if "ids_reference" in vector else vector["ids"]
            self.assertEqual(got["ids"], ids, vector["name"])
            expected = vector.get("ids_reference", vector.get("ids_special", vector["ids"]))
            self.assertEqual(got_special["ids"], expected, vector["name"])

    def test_vectors_of_gemma4(self):
        examples = golden_json("chat/chat-examples.json")
        model = self.folder / "gemma4-vocabulary.gguf"
        write_gemma4_vocabulary(real_model(), examples["special_tokens"], model)
        vectors = examples["tokenizer_vectors"]
        for vector, got in zip(vectors, self.by_lines(model, [{"text": v["text"]} for v in vectors], "--special")):
            self.assertEqual(got["ids"], vector["ids"], vector["name"])
        random = golden_json("tokenizer/random.json")
        for entry, got in zip(random["encode"],
                              self.by_lines(model, [{"text": e["text"]} for e in random["encode"]], "--special")):
            self.assertEqual(got["ids"], entry["ids"], entry["text"])
        for entry, got in zip(random["decode"],
                              self.by_lines(model, [{"ids": e["ids"]} for e in random["decode"]], "--decode")):
            self.assertEqual(got["text"], entry["text"], entry["ids"])


if __name__ == "__main__":
    main()
