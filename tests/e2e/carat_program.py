"""Running the carat binary the way a person or a script does. Every test file is called as FILE CARAT [unittest options].

A test derives from ProgramTest and talks to the program by `run_carat`, `ok`, `refused` and `json_lines`. Each test
has a private, empty home, so that the models of whoever runs the tests are never seen.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
MODELS = GOLDEN / "text"
SIZES = ("e2b", "e4b", "12b-unified", "26b-a4b", "31b", "gemma3")

# A refusal is instant; a machine that is busy with other tests gets some room.
REFUSAL_SECONDS = 5
MAX_SECONDS = 120
# Words of libraries and of the language, which no user should meet.
JARGON = ("exception", "std::", "basic_", "bad_alloc", "nullptr", "[json.", "errno", "terminate called", "\x1b")


def real_model():
    """$CARAT_TEST_MODEL, else where ./try and ./check keep the small real model."""
    path = os.environ.get("CARAT_TEST_MODEL", "")
    if not path:
        xdg = os.environ.get("XDG_DATA_HOME", "")
        data = pathlib.Path(xdg) if xdg.startswith("/") else pathlib.Path.home() / ".local" / "share"
        path = data / "carat" / "models" / "gemma-3-270m-q4_k_m.gguf"
    path = pathlib.Path(path)
    if not path.exists():
        raise AssertionError(f"{path} is missing: run ./check once, it fetches it")
    return path


def golden_json(name):
    return json.loads((GOLDEN / name).read_text())


class ProgramTest(unittest.TestCase):
    carat = None  # the path of the binary, set by main()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="carat-e2e-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.environment = {**os.environ, "HOME": str(self.folder / "home"), "XDG_DATA_HOME": ""}
        for name in ("CARAT_MODEL", "CARAT_ISA"):
            self.environment.pop(name, None)

    def write(self, name, content):
        """A file of this test's folder; its path as a string."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def copy_model(self, size, name=None):
        """A golden model folder (without its GGUF file and expectations) that a test may break."""
        folder = self.folder / (name or size)
        shutil.copytree(MODELS / size, folder, ignore=shutil.ignore_patterns("*.gguf", "expected.*", "model-*"))
        return folder

    def run_carat(self, *arguments, stdin=b"", timeout=MAX_SECONDS, **environment):
        """CompletedProcess with bytes. Fails when a signal ended the program."""
        stdin = stdin if isinstance(stdin, bytes) else stdin.encode()
        result = subprocess.run([self.carat, *map(os.fspath, arguments)], input=stdin, capture_output=True,
                                timeout=timeout, env={**self.environment, **environment})
        self.assertGreaterEqual(result.returncode, 0, f"signal {-result.returncode}: {arguments} {result.stderr}")
        return result

    def ok_bytes(self, *arguments, **options):
        result = self.run_carat(*arguments, **options)
        self.assertEqual(result.returncode, 0, f"{arguments}: {result.stderr.decode(errors='replace')}")
        return result.stdout

    def ok(self, *arguments, **options):
        return self.ok_bytes(*arguments, **options).decode()

    def json_lines(self, *arguments, **options):
        return [json.loads(line) for line in self.ok(*arguments, "--json-lines", **options).splitlines()]

    def refused(self, code, words, *arguments, said_before=False, **options):
        """The program says no as docs/cli.md promises: the exit code, nothing on stdout, one sentence on stderr that
        holds all `words`, soon. With `said_before` lines about the model and its memory plan may stand above it.
        Returns the sentence."""
        start = time.monotonic()
        result = self.run_carat(*arguments, **options)
        seconds = time.monotonic() - start
        text = result.stderr.decode(errors="backslashreplace")
        context = f"{arguments}\n{text[:2000]}"
        self.assertEqual(result.returncode, code, context)
        self.assertIn(result.returncode, range(1, 101), context)
        self.assertEqual(result.stdout, b"", context)
        self.assertTrue(text.endswith("\n"), context)
        *before, last = text[:-1].split("\n")
        if said_before:
            for line in before:
                self.assertTrue(line.startswith("carat: ") and not line.startswith("carat: error"), context)
        else:
            self.assertEqual(before, [], "one line: " + context)
        self.assertTrue(last.startswith("carat: error: "), context)
        sentence = last.removeprefix("carat: error: ")
        for word in words if isinstance(words, (tuple, list)) else (words,):
            self.assertIn(str(word), sentence, arguments)
        for word in JARGON:
            self.assertNotIn(word, sentence, arguments)
        self.assertLess(len(sentence), 600, context)
        self.assertLess(seconds, REFUSAL_SECONDS, context)
        return sentence


def main():
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} CARAT [unittest options]")
    ProgramTest.carat = os.path.abspath(sys.argv.pop(1))
    unittest.main()
