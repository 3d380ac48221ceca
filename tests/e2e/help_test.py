"""What is made from the pages and the options: docs/cli.md, manual pages, completions, schemas."""

import json
import os
import pathlib
import shutil
import subprocess

from carat_program import GOLDEN, MODELS, ProgramTest, main
from json_schema import problems

E2B = MODELS / "e2b"
Q4 = E2B / "model-q4_0.gguf"


class HelpTest(ProgramTest):
    def commands(self):
        return json.loads(self.ok("help", "--json"))["commands"]

    def test_the_page_in_docs_is_the_programs(self):
        page = (GOLDEN.parents[1] / "docs" / "cli.md").read_text()
        self.assertEqual(self.ok("help", "--format", "markdown"), page,
                         "make it again: build/release/carat help --format markdown > docs/cli.md")

    def test_every_command_has_help_examples_and_a_page(self):
        for command in self.commands():
            name = command["name"]
            text = self.ok(name, "--help")
            for word in ("Usage: carat " + name, "Examples:", f"  carat {name}", "carat help " + name):
                self.assertIn(word, text, name)
            for option in command["options"]:
                for spelling in option["names"]:
                    self.assertIn(spelling, text)
            page = self.ok("help", name)
            self.assertTrue(page.startswith(text), name)
            self.assertTrue(self.ok("help", name, "--format", "markdown").startswith(f"## {name}\n"))
            self.assertGreater(len(page), len(text) + 100, f"{name} has no prose")

    def test_manual_pages(self):
        for name in ["", *(command["name"] for command in self.commands())]:
            page = self.ok("help", *([name] if name else []), "--format", "man")
            self.assertTrue(page.startswith(f".TH CARAT{chr(92) + '-' + name.upper() if name else ''} 1 "), page[:40])
            for section in ("Name", "Synopsis", "Description", "Examples"):
                self.assertIn(f"\n.SH {section.upper()}\n", page, name)
            for line in page.splitlines():
                self.assertFalse(line.startswith("'"), line)
                if line.startswith("."):
                    self.assertIn(line.split()[0], (".TH", ".SH", ".SS", ".PP", ".TP", ".IP", ".RS", ".RE", ".nf", ".fi"))
            if shutil.which("groff"):
                made = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z"], input=page.encode(), capture_output=True)
                self.assertEqual(made.stderr, b"", name)

    def test_completions(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
            script = self.ok("completion", shell)
            for command in self.commands():
                self.assertIn(command["name"], script)
                for option in command["options"]:
                    self.assertIn(option["names"][-1].removeprefix("--"), script)
            if shutil.which(shell):
                checked = subprocess.run([*check, self.write("script", script)], capture_output=True)
                self.assertEqual((checked.returncode, checked.stderr), (0, b""), shell)
        self.refused(2, ("tcsh", "bash"), "completion", "tcsh")

    def complete(self, *words):
        """What bash offers for the last of these words."""
        script = self.write("completion.bash", self.ok("completion", "bash"))
        line = " ".join(f"'{word}'" for word in words)
        path = f"{pathlib.Path(self.carat).parent}:{os.environ['PATH']}"
        result = subprocess.run(
            ["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _carat 2>/dev/null; "
             'printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, check=True, cwd=self.folder,
            env={**self.environment, "PATH": path})
        return result.stdout.decode().splitlines()

    def test_bash_offers_what_fits(self):
        self.write("key file.txt", "x")
        self.write("model.gguf", "x")
        store = self.folder / "home/.local/share/carat/models"
        store.mkdir(parents=True)
        for name in ("good-one.gguf", "$(touch PWNED).gguf", "`touch PWNED`.gguf", "a b.gguf"):
            (store / name).write_bytes(b"GGUF")
        self.assertEqual(self.complete("carat", "re"), ["render"])
        self.assertEqual(self.complete("carat", "show", "--con"), ["--context"])
        self.assertEqual(self.complete("carat", "ask", "--compute", ""), ["exact", "fast"])
        self.assertEqual(self.complete("carat", "ask", "--kv", "b"), ["bf16"])
        self.assertEqual(self.complete("carat", "completion", "z"), ["zsh"])
        self.assertEqual(self.complete("carat", "help", "tok"), ["tokenize"])
        self.assertEqual(self.complete("carat", "ask", "--file", "ke"), ["key file.txt"])
        self.assertEqual(self.complete("carat", "show", "go"), ["good-one"])
        self.assertEqual(self.complete("carat", "ask", "--model", "mod"), ["model.gguf"])
        for word in ("", "$", "`", "a"):
            self.complete("carat", "show", word)
        self.assertFalse((self.folder / "PWNED").exists(), "a file name is never run")

    def test_schemas_hold(self):
        request = self.write("chat.json", json.dumps({"messages": [{"role": "user", "content": "hi"}]}))
        text = self.write("text.txt", "a small text to be read")
        out = self.folder / "out.safetensors"
        self.ok("chat", E2B, "--max-tokens", "2", stdin="hello")
        calls = {
            "ask": ("hello", "--model", E2B, "--max-tokens", "4"),
            "chat": ("--list",),
            "show": (Q4,),
            "render": (E2B, request),
            "tokenize": (E2B, text),
            "probe": (E2B, "--ids", "2,5", "--out", out, "--greedy", "2", "--hidden"),
            "eval": (E2B, text, "--against", Q4, "--worst", "3"),
            "bench": (E2B, "--pp", "4", "--tg", "2@0", "--reps", "1", "--patience", "1"),
            "cache": (),
            "doctor": (),
            "help": ("ask",),
            "list": (),
            "add": ("mine", Q4),
            "rm": ("mine",),
        }
        with_schema = {command["name"] for command in self.commands() if command["schema"]}
        for name in sorted(with_schema):  # add before rm
            schema = json.loads(self.ok(name, "--schema"))
            if name not in calls:
                self.fail(f"{name} has a schema and no call that tries it here")
            printed = self.ok(name, *calls[name], "--json")
            values = [json.loads(line) for line in printed.splitlines()] if name == "bench" else [json.loads(printed)]
            for value in values:
                self.assertEqual(problems(value, schema), [], name)
        self.assertEqual(set(calls), with_schema)

    def test_version(self):
        self.assertRegex(self.ok("--version"), r"^carat \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}|unknown), arithmetic \d+\)\n$")


if __name__ == "__main__":
    main()
