"""How the program behaves on a command line: help, wrong usage, exit codes, stdout against stderr, closed pipes."""

import os
import subprocess
import time

from carat_program import GOLDEN, MODELS, ProgramTest, main

COMMANDS = ("ask", "chat", "show", "render", "tokenize", "probe", "eval", "bench", "cache", "help", "completion", "list", "add", "rm", "chat", "doctor")
E2B = MODELS / "e2b"
ASK = ("ask", "hello there", "--model", E2B, "--max-tokens", "24")


class MannersTest(ProgramTest):
    def test_help(self):
        overview = self.ok("--help")
        self.assertEqual(self.ok("-h"), overview)
        for command in COMMANDS:
            self.assertIn(command, overview)
            result = self.run_carat(command, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertIn(f"Usage: carat {command}", result.stdout.decode())
            self.assertNotIn("\x1b", result.stdout.decode(), "no colours in a pipe")

    def test_carat_alone(self):
        """This machine, the models found, what to do next."""
        alone = self.ok()
        for words in ("thread", "memory", "There is no model", "carat add NAME FILE", "carat doctor"):
            self.assertIn(words, alone)
        self.ok("add", "tiny", E2B)
        self.ok("add", "other", MODELS / "31b")
        alone = self.ok()
        for words in ("tiny", "other", "tok/s", "carat ask", "-m ", "carat show"):
            self.assertIn(words, alone)
        (self.folder / "home/.local/share/carat/models/bad.gguf").write_bytes(b"GGUF")
        self.assertIn("cannot be opened", self.ok())

    def test_carat_alone_where_little_works(self):
        self.assertIn("carat doctor", self.ok(HOME="/proc"))
        self.assertIn("CARAT_ISA", self.ok(CARAT_ISA="sse9"))

    def test_every_exit_code_is_documented(self):
        page = (GOLDEN.parents[1] / "docs" / "cli.md").read_text()
        for code in range(10):
            self.assertIn(f"\n| {code} |", page)

    def test_wrong_usage_is_2(self):
        for words, *arguments in (
            (("aks", "did you mean ask?"), "aks", "x"),
            (("frobnicate", *COMMANDS), "frobnicate"),
            (("--bogus", "--help"), "--bogus"),
            (("--bogus", "carat ask --help"), "ask", "x", "--bogus"),
            (("--max-token", "did you mean --max-tokens?"), "ask", "x", "--max-token", "3"),
            (("--jsn", "did you mean --json?"), "show", E2B, "--jsn"),
            (("bnch", "did you mean bench?"), "help", "bnch"),
            (("--bogus", "carat show --help"), "show", "--bogus"),
            (("--bogus", "carat probe --help"), "probe", E2B, "--ids", "2", "--out", "x", "--bogus"),
            (("--bogus", "carat render --help"), "render", "x.json", "--bogus"),
            (("--bogus", "carat tokenize --help"), "tokenize", E2B, "--bogus"),
            ("MODEL", "tokenize"),
            ("FILE", "render"),
            ("--out", "probe", E2B, "--ids", "2"),
            ("--max-tokens", "ask", "x", "--max-tokens", "0"),
            ("--max-tokens", "ask", "x", "--max-tokens", "9223372036854775807"),
            ("--json", "ask", "x", "--json", "--json-lines"),
            ("--max-tokens", "ask", "x", "--max-tokens", "-3"),
            ("--max-tokens", "ask", "x", "--max-tokens"),
            ("--threads", "ask", "x", "--threads", "two"),
            ("--threads", "ask", "x", "--threads", "0"),
            ("--threads", "ask", "x", "--threads", "99999999999999999999"),
            ("--context", "ask", "x", "--context", "0"),
            ("--seed", "ask", "x", "--seed", "one"),
            ("--seed", "ask", "x", "--seed", "-1"),
            ("--temperature", "ask", "x", "--temperature", "warm"),
            ("temperature", *ASK, "--temperature", "-1"),
            ("temperature", *ASK, "--temperature", "nan"),
            ("top_p", *ASK, "--top-p", "3"),
            ("top_k", *ASK, "--top-k", "-1"),
            (("--kv", "q8", "f32", "f16", "bf16"), *ASK, "--kv", "q8"),
            (("--kv", "f32"), "probe", E2B, "--ids", "2", "--kv", "q8", "--out", "x"),
            (("--kv", "q8", "bf16"), "show", E2B, "--kv", "q8"),
            (("--logit-bias 7", "ID=VALUE"), *ASK, "--logit-bias", "7"),
            (("512", "511"), *ASK, "--logit-bias", "512=1"),
            (("--max-memory much", "8G"), *ASK, "--max-memory", "much"),
            ("--max-memory", *ASK, "--max-memory", "0"),
            ("stop string", *ASK, "--stop", ""),
            (("--system", "base model"), *ASK, "--system", "be kind"),
            (("--think", "base model"), *ASK, "--think"),
            (("gemma5", "gemma4-small", "gemma4-large", "gemma3"), "render", "--format", "gemma5", "x.json"),
            (("--rows", "last", "all"), "probe", E2B, "--ids", "2", "--rows", "first", "--out", "x"),
            (("--compute", "exact"), "probe", E2B, "--ids", "2", "--compute", "slow", "--out", "x"),
            (("--ids", "--ids-file", "--messages"), "probe", E2B, "--out", "x"),
            (("--ids", "--ids-file", "--messages"), "probe", E2B, "--ids", "2", "--messages", "m", "--out", "x"),
        ):
            with self.subTest(arguments=arguments):
                self.refused(2, words, *arguments)

    def test_isa_by_name(self):
        for name in ("nonsense", "sse9", "AVX2", "avx2 "):
            self.refused(2, ("CARAT_ISA", name, "scalar", "avx2"), *ASK, said_before=True, CARAT_ISA=name)
        self.assertEqual(self.ok(*ASK, CARAT_ISA=""), self.ok(*ASK))

    def test_answers_and_talk_are_apart(self):
        result = self.run_carat(*ASK)
        said = result.stderr.decode().splitlines()
        self.assertTrue(all(line.startswith("carat: ") for line in said), said)
        for words in ("base model without a chat template", "memory plan", "24 tokens"):
            self.assertTrue(any(words in line for line in said), words)
            self.assertNotIn(words.encode(), result.stdout)
        self.assertNotIn(b"carat:", result.stdout)

    def test_a_reader_that_leaves(self):
        """`carat ask ... | head -c 1`: the pipe's end ends carat quietly, as every filter."""
        command = subprocess.Popen([self.carat, *map(str, ASK[:4]), "--max-tokens", "100000"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment)
        self.assertEqual(len(command.stdout.read(1)), 1)
        command.stdout.close()
        _, said = command.communicate(timeout=60)
        self.assertEqual(command.returncode, -13, "SIGPIPE keeps its default")
        self.assertNotIn(b"error", said)

    def test_a_pipe_that_was_never_read(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        for arguments in (ASK, ("show", E2B), ("tokenize", E2B, GOLDEN / "text" / "README.md")):
            result = subprocess.run([self.carat, *map(str, arguments)], stdout=write_end, stderr=subprocess.PIPE,
                                    env=self.environment)
            self.assertEqual(result.returncode, -13, arguments)
        os.close(write_end)

    def test_sigpipe_ignored_by_the_parent(self):
        result = subprocess.run(["bash", "-c", 'trap "" PIPE; "$0" "$@" 2>/dev/null | head -c 1 >/dev/null; '
                                 'echo "${PIPESTATUS[0]}"', self.carat, *map(str, ASK[:4]), "--max-tokens", "100000"],
                                capture_output=True, env=self.environment, timeout=60)
        self.assertEqual(result.stdout, b"141\n")

    def test_a_full_disk(self):
        for arguments in (ASK, (*ASK, "--json-lines"), ("show", E2B), ("show", E2B, "--json"),
                          ("tokenize", E2B, GOLDEN / "text" / "README.md")):
            with open("/dev/full", "wb") as full:
                result = subprocess.run([self.carat, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE,
                                        env=self.environment)
            self.assertEqual(result.returncode, 6, arguments)
            self.assertIn("carat: error: cannot write to stdout", result.stderr.decode().splitlines()[-1])

    def test_closed_descriptors(self):
        """Started by daemons and cron jobs: no stdin, no stdout, no stderr."""
        for redirection in ("<&-", "2>&-", "<&- 2>&-", "2>/dev/full", "2</dev/null"):
            result = subprocess.run(["bash", "-c", f'"$0" "$@" {redirection}', self.carat, *map(str, ASK)],
                                    capture_output=True, env=self.environment, timeout=60)
            self.assertEqual((result.returncode, result.stdout), (0, self.ok_bytes(*ASK)), redirection)
            result = subprocess.run(["bash", "-c", f'"$0" show nowhere {redirection}', self.carat], capture_output=True,
                                    env=self.environment, timeout=60)
            self.assertEqual((result.returncode, result.stdout), (3, b""), redirection)
        out = self.folder / "probe.safetensors"
        result = subprocess.run(["bash", "-c", '"$0" "$@" <&- >&- 2>&-', self.carat, "probe", str(E2B), "--ids", "2",
                                 "--out", str(out)], env=self.environment, timeout=60)
        self.assertEqual(result.returncode, 0)
        self.assertNotIn(b"carat:", out.read_bytes(), "no file got the number of a closed descriptor")
        result = subprocess.run(["bash", "-c", '"$0" "$@" >&-', self.carat, *map(str, ASK)], capture_output=True,
                                env=self.environment, timeout=60)
        self.assertEqual(result.returncode, 6, result.stderr)

    def test_interrupt_ends_it(self):
        command = subprocess.Popen([self.carat, *map(str, ASK[:4]), "--max-tokens", "100000"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment)
        command.stdout.read(1)
        start = time.monotonic()
        command.send_signal(2)
        command.communicate(timeout=60)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(command.returncode, -2, "Ctrl-C ends carat by SIGINT, as with every filter")


if __name__ == "__main__":
    main()
