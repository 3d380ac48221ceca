"""carat ask: the same answer wherever it must be, streams, stdin, JSON lines, stop strings, memory and context limits."""

import json
import os
import re
import signal
import subprocess
import time

from carat_program import MODELS, SIZES, ProgramTest, golden_json, main, real_model
from containers import read_safetensors
from huge_model import machine_bytes, sparse_model
from terminal import Terminal

E2B = MODELS / "e2b"
# The small models know no language; what counts is that the answer is a function of the request alone.
ASK = ("ask", "hello there", "--model", E2B, "--max-tokens", "24")
ENDS = (1, 106)
NO_END = ("--logit-bias", "1=-1000", "--logit-bias", "106=-1000")


def text_of_ids(model, ids):
    """What the ids spell, straight from tokenizer.json. Control pieces have no text in an answer."""
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    pieces = {id: piece for piece, id in tokenizer["model"]["vocab"].items()}
    control = {token["id"] for token in tokenizer["added_tokens"] if token["special"]}
    text, held = "", b""
    for id in ids:
        byte = re.fullmatch("<0x([0-9A-F]{2})>", pieces[id])
        if byte:
            held += bytes.fromhex(byte[1])
            try:
                text, held = text + held.decode(), b""
            except UnicodeDecodeError:
                pass  # half a character, or no UTF-8: the next piece decides
            continue
        text, held = text + "\ufffd" * len(held), b""
        if id not in control:
            text += pieces[id].replace("\u2581", " ")
    return text + "\ufffd" * len(held)


class AskTest(ProgramTest):
    def text_of(self, *arguments, **options):
        *events, end = self.json_lines(*arguments, **options)
        self.assertTrue(all(event["type"] == "text" for event in events))
        self.assertEqual(end["type"], "end")
        return "".join(event["text"] for event in events)

    # ---- files and repositories

    def test_files_come_before_the_question(self):
        trace = self.write("trace.txt", "boom\n")
        notes = self.write("notes.md", "```\nx\n```")
        asked = f"File {trace}:\n```\nboom\n```\n\nFile {notes}:\n````\n```\nx\n```\n````\n\nwhy?"
        ask = ("ask", "--model", E2B, "--max-tokens", "8")
        with_files = self.run_carat(*ask, "why?", "--file", trace, "--file", notes)
        self.assertEqual(with_files.stdout, self.ok_bytes(*ask, stdin=asked))
        said = with_files.stderr.decode()
        for name in (trace, notes):
            self.assertRegex(said, rf"carat: {re.escape(name)}: \d+ tokens\n")
        self.assertIn("2 files: ", said)

    def test_a_repository(self):
        self.write("repo/.gitignore", "build/\n*.log\n")
        self.write("repo/a.py", "print(1)\n")
        self.write("repo/build/out.py", "no\n")
        self.write("repo/x.log", "no\n")
        self.write("repo/.git/config", "no\n")
        self.write("repo/picture.png", b"\x89PNG\x00")
        os.symlink("/etc/passwd", self.folder / "repo" / "link")
        result = self.run_carat("ask", "why?", "--repo", self.folder / "repo", "--model", E2B, "--max-tokens", "4")
        said = result.stderr.decode()
        self.assertEqual(re.findall(r"carat: (\S+): \d+ tokens", said), [".gitignore", "a.py"])
        self.assertIn("2 by .gitignore, 1 that are no text, 1 links", said)

    def test_files_that_are_refused(self):
        ask = ("ask", "why?", "--model", E2B, "--max-tokens", "4")
        self.refused(3, "nowhere.txt", *ask, "--file", "nowhere.txt")
        self.refused(3, "nowhere", *ask, "--repo", "nowhere")
        self.refused(2, ("data.bin", "UTF-8"), *ask, "--file", self.write("data.bin", b"\xff\x00"))
        self.refused(2, "no text file", *ask, "--repo", self.write("empty/x", b"\0").removesuffix("/x"), said_before=True)
        self.refused(2, "empty", *ask, "--file", self.write("empty.txt", ""))
        chat = self.copy_model("e2b")
        (chat / "chat_template.jinja").write_text("any")
        self.refused(2, "question is empty", "ask", "", "--model", chat)
        self.refused(2, "question is empty", "ask", "--model", chat)
        self.assertNotIn("MemTotal", self.ok(*ask, "--file", "/proc/meminfo", "--json"))
        self.assertGreater(json.loads(self.ok(*ask, "--file", "/proc/meminfo", "--json"))["n_prompt_tokens"], 300)
        large = self.write("large.txt", "word " * 100000)
        self.refused(8, ("tokens", "context is"), *ask, "--file", large, said_before=True)

    def test_json(self):
        ask = ("ask", "hello there", "--model", E2B, "--max-tokens", "8")
        answer = json.loads(self.ok(*ask, "--json"))
        self.assertEqual(answer["answer"].strip(), self.ok(*ask).strip())
        *_, end = self.json_lines(*ask)
        for field in ("reason", "stop_string", "n_prompt_tokens", "n_tokens"):
            self.assertEqual(answer[field], end[field])

    # ---- the same answer

    def test_threads_and_context_do_not_change_it(self):
        for size in SIZES:
            ask = ("ask", "hello there", "--model", MODELS / size, "--max-tokens", "24", "--temperature", "1")
            answer = self.ok_bytes(*ask, "--threads", "1")
            self.assertNotEqual(answer, b"\n")
            for options in (("--threads", "2"), ("--threads", "3"), ("--context", "4096"), ()):
                self.assertEqual(self.ok_bytes(*ask, *options), answer, (size, options))

    def test_compute(self):
        """Named on stderr; with weights that are not quantised both are the same arithmetic."""
        answers = {}
        for compute in ("exact", "fast"):
            result = self.run_carat(*ASK, "--compute", compute)
            self.assertIn(f"{compute} on ".encode(), result.stderr)
            answers[compute] = result.stdout
        self.assertEqual(answers["exact"], answers["fast"])
        self.assertIn(b"fast on ", self.run_carat(*ASK).stderr, "the default")
        gguf = ("ask", "hello there", "--model", E2B / "model-q4_0.gguf", "--max-tokens", "40", "--compute", "fast")
        answer = self.ok_bytes(*gguf, "--threads", "1")
        self.assertEqual(self.ok_bytes(*gguf, "--threads", "2"), answer)
        for isa in self.available_isas():
            self.assertEqual(self.ok_bytes(*gguf, CARAT_ISA=isa), answer, isa)

    def available_isas(self):
        """Those that this CPU has; docs/cli.md says they give the same bits."""
        isas = []
        for isa in ("scalar", "avx2", "avx2vnni", "avx512"):
            result = self.run_carat(*ASK, CARAT_ISA=isa)
            if result.returncode == 0:
                isas.append(isa)
            else:
                self.assertNotEqual(isa, "scalar")
                self.assertEqual(result.returncode, 5, result.stderr)
                self.assertIn(f"cannot run the {isa} kernels".encode(), result.stderr)
        return isas

    def test_isa_does_not_change_it(self):
        isas = self.available_isas()
        for size in SIZES:
            ask = ("ask", "hello there", "--model", MODELS / size, "--max-tokens", "40", "--temperature", "1")
            answer = self.ok_bytes(*ask)
            for isa in isas:
                result = self.run_carat(*ask, CARAT_ISA=isa)
                self.assertEqual(result.stdout, answer, (size, isa))
                self.assertIn(f" on {isa}".encode(), result.stderr)

    def test_seeds(self):
        ask = (*ASK, "--temperature", "1", "--top-k", "0", "--top-p", "1")
        answers = {seed: self.ok_bytes(*ask, "--seed", seed) for seed in ("0", "1", "2", "18446744073709551615")}
        self.assertEqual(len(set(answers.values())), 4)
        for seed, answer in answers.items():
            self.assertEqual(self.ok_bytes(*ask, "--seed", seed), answer)
        self.assertEqual(self.ok_bytes(*ask), answers["0"], "0 is the default")
        greedy = (*ASK, "--temperature", "0")
        self.assertEqual(self.ok_bytes(*greedy, "--seed", "1"), self.ok_bytes(*greedy, "--seed", "2"))

    def test_greedy_text_is_that_of_probes_greedy_ids(self):
        out = self.folder / "out.safetensors"
        for size in SIZES:
            model = MODELS / size
            prompt = golden_json(f"text/{size}/expected.json")["tokenizer"]["text"][:60]
            ids = ["2", *self.ok("tokenize", model, stdin=prompt).split()]
            self.ok("probe", model, "--ids", ",".join(ids), "--greedy", "20", "--out", out)
            greedy = read_safetensors(out)[0]["greedy_ids"].values().tolist()
            n = next((i for i, id in enumerate(greedy) if id in ENDS), 20)
            expected = text_of_ids(model, greedy[:n])
            answer = self.text_of("ask", prompt, "--model", model, "--max-tokens", "20", "--temperature", "0")
            self.assertEqual(answer, expected, size)

    def test_sampling_flags_matter(self):
        greedy = self.ok_bytes(*ASK, "--temperature", "0")
        self.assertEqual(self.ok_bytes(*ASK, "--temperature", "2", "--top-k", "1"), greedy)
        self.assertEqual(self.ok_bytes(*ASK, "--temperature", "2", "--top-p", "0.000001"), greedy)
        self.assertEqual(self.ok_bytes(*ASK, "--temperature", "2", "--min-p", "1"), greedy)
        longer = (*ASK[:4], "--max-tokens", "60", "--temperature", "0", *NO_END)
        for change in (("--repetition-penalty", "1.9"), ("--frequency-penalty", "1.9"), ("--presence-penalty", "1.9")):
            self.assertNotEqual(self.ok_bytes(*longer, *change), self.ok_bytes(*longer), change)
        piece = self.ok("tokenize", E2B, "--decode", stdin="200")
        biased = self.text_of(*ASK, "--logit-bias", "200=1000", "--logit-bias", "5=-3")
        self.assertEqual(biased, piece * 24)

    def test_sampling_defaults_are_the_publishers(self):
        folder = self.copy_model("e2b")
        (folder / "generation_config.json").write_text('{"temperature": 0.0}')
        greedy = self.ok(*ASK, "--temperature", "0")
        self.assertEqual(self.ok(*ASK[:3], folder, *ASK[4:]), greedy)
        self.assertNotEqual(self.ok(*ASK), greedy)

    # ---- in and out

    def test_stdin_as_prompt(self):
        rest = ASK[2:]
        answer = self.ok(*ASK)
        self.assertEqual(self.ok("ask", *rest, stdin="hello there"), answer)
        self.assertEqual(self.ok("ask", "-", *rest, stdin="hello there"), answer)
        self.assertEqual(self.ok("ask", "hello", "there", *rest), answer)
        self.assertEqual(self.ok("ask", "read:", "-", *rest, stdin="hello"), self.ok("ask", "read:\nhello", *rest))
        self.assertNotEqual(self.ok("ask", *rest, stdin="hello there\n"), answer, "nothing is trimmed")

    def test_empty_and_odd_prompts(self):
        for prompt in (b"", b"\n", b"\xff\xfe\x80 no UTF-8", b"a\x00b", "\U0001f642 ünï".encode()):
            *_, end = self.json_lines(*ASK[:1], *ASK[2:], stdin=prompt)
            self.assertEqual(end["n_tokens"], 24, prompt)
        *_, end = self.json_lines("ask", "", *ASK[2:])
        self.assertEqual(end["n_prompt_tokens"], 1, "<bos> alone")

    def test_json_lines(self):
        *events, end = self.json_lines(*ASK)
        text = "".join(event["text"] for event in events)
        self.assertEqual(self.ok(*ASK), text if text.endswith("\n") else text + "\n")
        self.assertEqual(set(end), {"type", "reason", "stop_string", "n_prompt_tokens", "n_tokens", "prompt_ms",
                                    "generate_ms"})
        self.assertEqual((end["reason"], end["stop_string"], end["n_tokens"]), ("max_tokens", None, 24))
        n_prompt = 1 + len(self.ok("tokenize", E2B, stdin="hello there").split())
        self.assertEqual(end["n_prompt_tokens"], n_prompt)
        self.assertGreaterEqual(end["prompt_ms"], 0)

    def test_stop_strings(self):
        text = self.text_of(*ASK)
        for stop in (text[5], text[4:8], text[-3:]):
            *events, end = self.json_lines(*ASK, "--stop", stop, "--stop", "never in it")
            self.assertEqual("".join(event["text"] for event in events), text[: text.index(stop)])
            self.assertEqual((end["reason"], end["stop_string"]), ("stop_string", stop))

    def test_full_context_ends_the_answer(self):
        *_, end = self.json_lines("ask", "hello", "--model", E2B, "--context", "12")
        self.assertEqual(end["reason"], "context_full")
        # The last token is returned but never fed, so that it needs no place.
        self.assertIn(end["n_prompt_tokens"] + end["n_tokens"], (12, 13))

    def test_it_streams(self):
        """The first words are there long before the last."""
        start = time.monotonic()
        command = subprocess.Popen([self.carat, *map(str, ASK[:4]), "--max-tokens", "12000", *NO_END],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.environment, bufsize=0)
        with command.stdout:
            command.stdout.read(1)
            first = time.monotonic() - start
            while command.stdout.read(1 << 20):
                pass
        self.assertEqual(command.wait(), 0)
        self.assertLess(first, (time.monotonic() - start) / 2)

    def test_chat_format(self):
        folder = self.copy_model("e2b")
        (folder / "chat_template.jinja").write_text("any")
        ask = ("ask", "hello", "--model", folder, "--max-tokens", "5")
        *_, plain = self.json_lines(*ask)
        *_, with_system = self.json_lines(*ask, "--system", "be kind")
        *_, thinking = self.json_lines(*ask, "--think")
        self.assertGreater(plain["n_prompt_tokens"], 8)
        self.assertGreater(with_system["n_prompt_tokens"], plain["n_prompt_tokens"])
        self.assertGreater(thinking["n_prompt_tokens"], plain["n_prompt_tokens"])
        self.assertNotIn(b"base model", self.run_carat(*ask).stderr)
        request = self.write("request.json", json.dumps({"messages": [{"role": "user", "content": "hello"}],
                                                         "add_generation_prompt": True}))
        rendered = json.loads(self.ok("render", folder, request, "--json"))
        self.assertEqual(len(rendered["ids"]), plain["n_prompt_tokens"])

    def test_a_signal_leaves_no_colour_on_the_terminal(self):
        folder = self.copy_model("e2b")
        (folder / "chat_template.jinja").write_text("any")
        ask = ("ask", "hello", "--model", folder, "--max-tokens", "100000", "--logit-bias", "200=1000")
        for number in (signal.SIGINT, signal.SIGTERM):
            terminal = Terminal([self.carat, *ask], {**self.environment, "TERM": "xterm-256color"})
            self.addCleanup(terminal.close)
            while len(terminal.output) < 1000:
                self.assertTrue(terminal.read(30), "it answers")
            terminal.process.send_signal(number)
            self.assertEqual(terminal.leave(), -number)
            self.assertTrue(terminal.output.endswith("\x1b[0m"))
            self.assertTrue(terminal.is_as_before())

    # ---- limits

    def test_memory_plan_is_refused_with_both_numbers(self):
        sentence = self.refused(7, ("--max-memory", "--context", "--force"), *ASK, "--context", "131072",
                                "--max-memory", "20M", said_before=True)
        numbers = [word for word in sentence.split() if word[0].isdigit()]
        self.assertEqual(len(numbers), 2, sentence)
        self.assertIn("allows 20.00 MiB", sentence)
        self.assertGreater(float(numbers[0]), float(numbers[1]))
        answer = self.ok_bytes(*ASK)
        self.assertEqual(self.ok_bytes(*ASK, "--context", "131072", "--max-memory", "20M", "--force"), answer)
        self.assertEqual(self.ok_bytes(*ASK, "--context", "131072", "--max-memory", "8G"), answer)

    def test_more_memory_than_the_machine_has(self):
        """A well-formed model of more weights than there is memory; its file has holes and takes no disk."""
        folder = sparse_model(self.copy_model("gemma3"), machine_bytes() + (8 << 30))
        planned = json.loads(self.ok("show", folder, "--json"))["memory_plan"]["total"]
        self.assertGreater(planned, machine_bytes())
        sentence = self.refused(7, ("memory and swap", "--context", "--force"), "ask", "x", "--model", folder,
                                said_before=True)
        self.assertRegex(sentence, r"needs [\d.]+ GiB and this machine has [\d.]+ GiB")

    def test_prompt_longer_than_the_context(self):
        before = self.refused(8, ("prompt is ", "context is 4", "--context"), *ASK, "--context", "4", said_before=True)
        n_prompt = 1 + len(self.ok("tokenize", E2B, stdin="hello there").split())
        self.assertIn(f"prompt is {n_prompt} tokens", before)
        self.refused(8, ("--max-tokens", "24", "context is 20"), *ASK, "--context", "20", said_before=True)
        self.refused(8, ("--context 131073", "131072"), *ASK, "--context", "131073", said_before=True)
        # Before loading: no memory plan was made.
        result = self.run_carat(*ASK, "--context", "4")
        self.assertNotIn(b"memory plan", result.stderr)
        long = "word " * 200000
        self.refused(8, ("prompt is ", "context is 131072"), "ask", *ASK[2:], stdin=long, said_before=True)


class RealModelAskTest(ProgramTest):
    def test_continues_a_text(self):
        golden = golden_json("gemma3-270m/greedy-f32.json")["prompts"][0]
        safe = next((i for i, m in enumerate(golden["margins"]) if m < 0.02), len(golden["margins"]))
        model = real_model()
        command = ("ask", golden["prompt"], "--model", model, "--temperature", "0", "--max-tokens", str(safe),
                   "--compute", "exact", "--kv", "f32")
        *events, end = self.json_lines(*command)
        self.assertEqual((end["n_prompt_tokens"], end["n_tokens"]), (len(golden["prompt_ids"]), safe))
        text = "".join(event["text"] for event in events)
        expected = self.ok("tokenize", model, "--decode", stdin=" ".join(map(str, golden["ids"][:safe])))
        self.assertEqual(text, expected)
        self.assertEqual(self.ok(*command, "--threads", "1"), text if text.endswith("\n") else text + "\n")


if __name__ == "__main__":
    main()
