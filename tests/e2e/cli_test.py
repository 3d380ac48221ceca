"""The program as a person uses it, on the small golden models. Usage: cli_test.py CARAT"""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

CARAT = sys.argv.pop(1)
MODELS = pathlib.Path(__file__).resolve().parents[1] / "golden" / "text"
E2B = str(MODELS / "e2b")
GGUF = str(MODELS / "e2b" / "model-q4_0.gguf")
# A fixed answer of the small model, which knows no language: 24 tokens for one prompt.
ASK = ("ask", "hello there", "--model", E2B, "--max-tokens", "24")


class CliTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.environment = {**os.environ, "HOME": str(self.folder / "home"), "XDG_DATA_HOME": ""}
        self.environment.pop("CARAT_MODEL", None)

    def run_carat(self, *arguments, stdin="", **environment):
        return subprocess.run([CARAT, *arguments], input=stdin.encode(), capture_output=True, timeout=60,
                              env={**self.environment, **environment})

    def ok(self, *arguments, **options):
        result = self.run_carat(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return result.stdout.decode()

    def expect_error(self, code, words, *arguments, **options):
        result = self.run_carat(*arguments, **options)
        message = result.stderr.decode()
        self.assertEqual(result.returncode, code, message)
        last = message.splitlines()[-1]
        self.assertTrue(last.startswith("carat: error: "), message)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, last)
        self.assertEqual(result.stdout, b"")

    def lines(self, *arguments, **options):
        return [json.loads(line) for line in self.ok(*arguments, "--json-lines", **options).splitlines()]

    # ---- usage

    def test_help(self):
        for command in ("ask", "show", "tokenize", "render", "probe"):
            self.assertIn(command, self.ok("--help"))
            self.assertIn("Usage: carat " + command, self.ok(command, "--help"))
        self.assertEqual(self.ok(), self.ok("--help"))

    def test_usage_errors_are_2(self):
        self.expect_error(2, "did you mean ask?", "aks")
        self.expect_error(2, "--bogus", "--bogus")
        self.expect_error(2, "--bogus", "ask", "x", "--bogus")
        self.expect_error(2, "--max-tokens", "ask", "x", "--max-tokens", "0")
        self.expect_error(2, "--threads", "ask", "x", "--threads", "two")
        self.expect_error(2, ["--kv q8", "bf16"], *ASK, "--kv", "q8")
        self.expect_error(2, "top_p", *ASK, "--top-p", "3")
        self.expect_error(2, "--logit-bias", *ASK, "--logit-bias", "7")
        self.expect_error(2, "512", *ASK, "--logit-bias", "512=1")
        self.expect_error(2, "--max-memory", *ASK, "--max-memory", "much")
        self.expect_error(2, "stop string", *ASK, "--stop", "")
        self.expect_error(2, "CARAT_ISA", *ASK, CARAT_ISA="sse9")
        self.expect_error(2, "base model", *ASK, "--system", "be kind")

    # ---- which model

    def store(self):
        folder = self.folder / "home/.local/share/carat/models"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def test_default_model(self):
        self.expect_error(3, ["no model is named", "--model"], "ask", "x")
        shutil.copy(GGUF, self.store() / "tiny.gguf")
        first = self.ok("ask", "x", "--max-tokens", "2")
        self.assertEqual(self.ok("ask", "x", "--max-tokens", "2", "--model", "tiny"), first)
        shutil.copy(GGUF, self.store() / "other.gguf")
        self.expect_error(2, "other, tiny", "ask", "x")
        self.assertEqual(self.ok("ask", "x", "--max-tokens", "2", CARAT_MODEL="tiny"), first)
        self.expect_error(3, "did you mean tiny?", "show", "tinny")

    def test_missing_home_is_created_privately(self):
        self.expect_error(3, str(self.folder / "home/.local/share/carat/models"), "ask", "x")
        data = self.folder / "home/.local/share/carat"
        self.assertEqual(stat.S_IMODE(data.stat().st_mode), 0o700)

    # ---- ask

    def test_answers_are_repeatable(self):
        answer = self.ok(*ASK)
        self.assertNotEqual(answer, "")
        for options in (("--threads", "1"), ("--threads", "3"), ("--context", "4096")):
            self.assertEqual(self.ok(*ASK, *options), answer, options)
        for isa in ("scalar", "avx2"):
            if self.run_carat(*ASK, CARAT_ISA=isa).returncode == 0:
                self.assertEqual(self.ok(*ASK, CARAT_ISA=isa), answer, isa)
        self.assertNotEqual(self.ok(*ASK, "--seed", "4"), answer)

    def test_stdin(self):
        rest = ASK[2:]
        answer = self.ok(*ASK)
        self.assertEqual(self.ok("ask", *rest, stdin="hello there"), answer)
        self.assertEqual(self.ok("ask", "-", *rest, stdin="hello there"), answer)
        self.assertEqual(self.ok("ask", "hello", "there", *rest), answer)
        self.assertEqual(self.ok("ask", "read:", "-", *rest, stdin="hello"), self.ok("ask", "read:\nhello", *rest))

    def test_json_lines(self):
        *events, end = self.lines(*ASK)
        self.assertTrue(all(event["type"] == "text" for event in events))
        text = "".join(event["text"] for event in events)
        self.assertEqual(self.ok(*ASK), text if text.endswith("\n") else text + "\n")
        self.assertEqual((end["type"], end["reason"], end["n_tokens"]), ("end", "max_tokens", 24))

    def test_stop_strings(self):
        text = "".join(event["text"] for event in self.lines(*ASK)[:-1])
        for stop in (text[5], text[4:8], text[-3:]):
            *events, end = self.lines(*ASK, "--stop", stop, "--stop", "never in it")
            self.assertEqual("".join(event["text"] for event in events), text[:text.index(stop)])
            self.assertEqual((end["reason"], end["stop_string"]), ("stop_string", stop))

    def test_chat_format(self):
        folder = self.folder / "chat"
        shutil.copytree(E2B, folder)
        (folder / "chat_template.jinja").write_text("any")
        ask = ("ask", "hello", "--model", str(folder), "--max-tokens", "5")
        *_, plain = self.lines(*ask)
        *_, with_system = self.lines(*ask, "--system", "be kind")
        *_, thinking = self.lines(*ask, "--think")
        self.assertGreater(plain["n_prompt_tokens"], 8)
        self.assertGreater(with_system["n_prompt_tokens"], plain["n_prompt_tokens"])
        self.assertGreater(thinking["n_prompt_tokens"], plain["n_prompt_tokens"])

    def test_sampling_defaults_are_the_publishers(self):
        folder = self.folder / "greedy"
        shutil.copytree(E2B, folder)
        (folder / "generation_config.json").write_text('{"temperature": 0.0}')
        greedy = self.ok(*ASK, "--temperature", "0")
        self.assertEqual(self.ok(*ASK[:3], str(folder), *ASK[4:]), greedy)
        self.assertNotEqual(self.ok(*ASK), greedy)

    def test_logit_bias_wins(self):
        *events, end = self.lines(*ASK, "--logit-bias", "300=1000", "--temperature", "0")
        self.assertEqual(end["n_tokens"], 24)
        self.assertEqual(len({event["text"] for event in events}), 1)

    def test_base_model_says_so(self):
        self.assertIn(b"base model without a chat template", self.run_carat(*ASK).stderr)

    def test_context_is_refused_before_work(self):
        self.expect_error(8, ["prompt is", "context is 4"], *ASK, "--context", "4")
        self.expect_error(8, ["--context", "131072"], *ASK, "--context", "131073")

    def test_memory_plan(self):
        self.expect_error(7, ["--max-memory", "--force"], *ASK, "--max-memory", "1M")
        self.assertEqual(self.ok(*ASK, "--max-memory", "1M", "--force"), self.ok(*ASK))
        self.assertIn(b"memory plan", self.run_carat(*ASK).stderr)

    def test_stdout_that_ends(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([CARAT, *ASK], stdout=full, stderr=subprocess.PIPE, env=self.environment)
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertIn(b"cannot write to stdout", result.stderr)
        read_end, write_end = os.pipe()
        os.close(read_end)
        result = subprocess.run([CARAT, *ASK], stdout=write_end, stderr=subprocess.PIPE, env=self.environment)
        os.close(write_end)
        self.assertEqual(result.returncode, -13, "SIGPIPE keeps its default")

    # ---- show

    def test_show(self):
        for model, word in (("e2b", "per-layer"), ("26b-a4b", "experts"), ("12b-unified", "V is K"),
                            ("e2b-assistant", "drafter")):
            self.assertIn(word, self.ok("show", str(MODELS / model)))
        shown = json.loads(self.ok("show", GGUF, "--json", "--context", "300", "--kv", "bf16"))
        self.assertEqual((shown["architecture"], shown["n_layers"], shown["vocab_size"]), ("gemma4", 7, 512))
        plan = shown["memory_plan"]
        self.assertEqual((plan["context"], plan["kv_type"]), (300, "bf16"))
        self.assertEqual(plan["total"], sum(plan[part] for part in ("weights", "kv", "step", "tokenizer", "program")))
        kept = [t for t in shown["tensor_types"] if t["kept_as"] not in ("f32", "in file", "not loaded")]
        self.assertEqual(sum(t["memory_bytes"] for t in kept), plan["weights"], "packed weights, type by type")
        self.assertIn("s4x32", [t["kept_as"] for t in kept])

    # ---- bad files

    def test_bad_files(self):
        def file(name, content):
            path = self.folder / name
            path.write_bytes(content)
            return str(path)

        whole = pathlib.Path(GGUF).read_bytes()
        self.expect_error(3, "no such file", "show", str(self.folder / "none.gguf"))
        self.expect_error(4, ["empty.gguf", "empty"], "show", file("empty.gguf", b""))
        self.expect_error(4, "cut.gguf", "show", file("cut.gguf", whole[:2000]))
        self.expect_error(4, "short.gguf", "ask", "x", "--model", file("short.gguf", whole[:-1000]))
        result = self.run_carat("show", file("text.gguf", b"this is no model at all, just some words"))
        self.assertIn(result.returncode, (4, 5))
        result = self.run_carat("show", str(self.folder))
        self.assertIn(b"config.json", result.stderr)
        self.assertIn(result.returncode, range(2, 10))
        self.expect_error(5, "drafter", "ask", "x", "--model", str(MODELS / "e2b-assistant"))
        if os.getuid() != 0:
            locked = file("locked.gguf", whole)
            os.chmod(locked, 0)
            self.expect_error(6, "locked.gguf", "show", locked)

    def test_missing_tokenizer(self):
        folder = self.folder / "no-tokenizer"
        shutil.copytree(E2B, folder)
        (folder / "tokenizer.json").unlink()
        self.expect_error(3, "tokenizer.json", "ask", "x", "--model", str(folder))


if __name__ == "__main__":
    unittest.main()
