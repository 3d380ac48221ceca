"""carat list, add, rm: models by name, by reference and copied."""

import json
import os
import pty
import resource
import subprocess

from carat_program import MODELS, ProgramTest, main

Q4 = MODELS / "e2b" / "model-q4_0.gguf"


class StoreCommandsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "home" / ".local" / "share" / "carat" / "models"

    def listed(self):
        return {model["name"]: model for model in json.loads(self.ok("list", "--json"))["models"]}

    def test_an_empty_store(self):
        result = self.run_carat("list")
        self.assertEqual((result.returncode, result.stdout), (0, b""))
        self.assertIn(b"carat add NAME FILE", result.stderr)
        self.assertEqual(self.ok("list", "--names"), "")
        self.assertEqual(self.listed(), {})

    def test_by_reference(self):
        file = self.folder / "downloads" / "model.gguf"
        file.parent.mkdir()
        file.write_bytes(Q4.read_bytes())
        self.ok("add", "mine", file)
        self.assertEqual(self.ok("list", "--names"), "mine\n")
        self.assertTrue(self.listed()["mine"]["by_reference"])
        answer = self.ok("ask", "hello", "--model", file, "--max-tokens", "5")
        self.assertEqual(self.ok("ask", "hello", "--model", "mine", "--max-tokens", "5"), answer)
        self.assertEqual(self.ok("ask", "hello", "--max-tokens", "5"), answer, "the only model needs no name")
        file.unlink()
        self.assertIn("no longer there", self.listed()["mine"]["problem"])
        self.refused(3, ("mine", "downloads/model.gguf", "carat rm mine"), "show", "mine")
        self.ok("rm", "mine")
        self.assertEqual(list(self.store.iterdir()), [])

    def test_the_packed_copy_lies_beside_the_original(self):
        file = self.folder / "model.gguf"
        file.write_bytes(Q4.read_bytes())
        self.ok("add", "mine", file)
        self.ok("ask", "hello", "--model", "mine", "--max-tokens", "2", "--cache-min", "0")
        self.assertEqual(sorted(path.name for path in self.folder.glob("model*")), ["model.gguf", "model.gguf.carat-packed"])
        self.ok("cache", "--rm", "mine")
        self.assertFalse((self.folder / "model.gguf.carat-packed").exists(), "by the store's name")
        self.ok("ask", "hello", "--model", "mine", "--max-tokens", "2", "--cache-min", "0")
        self.ok("rm", "mine")
        self.assertTrue((self.folder / "model.gguf.carat-packed").exists(), "by its path it is still of use")

    def test_a_copy(self):
        file = self.folder / "model.gguf"
        file.write_bytes(Q4.read_bytes())
        self.ok("add", "mine", file, "--copy")
        file.unlink()
        self.assertFalse(self.listed()["mine"]["by_reference"])
        self.ok("ask", "hello", "--max-tokens", "2", "--cache-min", "0")
        self.assertEqual(len(list(self.store.iterdir())), 2)
        self.refused(2, ("mine", "--yes"), "rm", "mine")
        self.assertEqual(len(list(self.store.iterdir())), 2)
        self.ok("rm", "mine", "--yes")
        self.assertEqual(list(self.store.iterdir()), [], "the copy and what was packed of it")

    def test_a_folder(self):
        self.ok("add", "tiny", MODELS / "e2b")
        self.assertEqual(self.listed()["tiny"]["architecture"], "gemma4")
        self.ok("rm", "tiny")
        self.assertTrue((MODELS / "e2b" / "config.json").exists())

    def test_a_question_on_a_terminal(self):
        for answer, code, stays in ((b"n\n", 9, True), (b"\n", 9, True), (b"y\n", 0, False)):
            self.ok("add", "mine", Q4, "--copy")
            parent, child = pty.openpty()
            os.write(parent, answer)
            result = subprocess.run([self.carat, "rm", "mine"], stdin=child, stderr=child, stdout=subprocess.PIPE,
                                    env=self.environment, timeout=30)
            os.close(child)
            os.close(parent)
            self.assertEqual((result.returncode, "mine" in self.listed()), (code, stays))
            if stays:
                self.ok("rm", "mine", "--yes")

    def test_names_cannot_drive_the_terminal(self):
        self.store.mkdir(parents=True)
        (self.store / "a\x1b[2K\rb.gguf").write_bytes(Q4.read_bytes())
        for arguments in (["list"], [], ["rm", "a\x1b[2K\rb"], ["show", "a\x1b[2Kx"]):
            parent, child = pty.openpty()
            os.write(parent, b"n\n")
            subprocess.run([self.carat, *arguments], stdin=child, stdout=child, stderr=child, env=self.environment,
                           timeout=30)
            shown = os.read(parent, 65536)
            os.close(child)
            os.close(parent)
            self.assertNotIn(b"\x1b[2K", shown, arguments)
        self.assertEqual(self.ok("list", "--names"), "", "shells complete with plain names only")

    def test_rm_asks_before_the_first_goes(self):
        self.ok("add", "link", Q4)
        self.ok("add", "copied", Q4, "--copy")
        self.refused(2, "copied", "rm", "link", "copied")
        self.assertEqual(set(self.listed()), {"link", "copied"})
        removed = json.loads(self.ok("rm", "copied", "copied", "link", "--yes", "--json"))["removed"]
        self.assertEqual([entry["name"] for entry in removed], ["copied", "link"])

    def test_refusals(self):
        self.ok("add", "mine", Q4)
        self.refused(2, ("mine already", "carat rm mine"), "add", "mine", Q4)
        self.refused(2, ("../x", "begins with a letter or digit"), "add", "../x", Q4)
        self.refused(3, "nowhere.gguf", "add", "other", "nowhere.gguf")
        self.refused(4, "notes.txt", "add", "other", self.write("notes.txt", "no model at all"))
        self.refused(3, ("mien", "did you mean mine?"), "rm", "mien")
        self.refused(3, "nothing", "rm", "mine", "nothing")
        self.assertIn("mine", self.listed(), "all names are looked up before the first goes")

    def test_no_room(self):
        """Nothing of a copy that did not fit is left."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        result = subprocess.run([self.carat, "add", "mine", Q4, "--copy"], capture_output=True, env=self.environment,
                                preexec_fn=limit, timeout=30)
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertIn(b"File too large", result.stderr)
        self.assertEqual(list(self.store.iterdir()), [])

    def test_a_model_that_is_broken_in_the_store(self):
        self.store.mkdir(parents=True)
        (self.store / "bad.gguf").write_bytes(b"GGUF but not really")
        (self.store / "good.gguf").write_bytes(Q4.read_bytes())
        listed = self.listed()
        self.assertIn("bad.gguf", listed["bad"]["problem"])
        self.assertIsNone(listed["good"]["problem"])
        self.assertIn("cannot be opened", self.ok("list"))


if __name__ == "__main__":
    main()
