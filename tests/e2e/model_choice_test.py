"""Which model a command line means: paths, names in the store, CARAT_MODEL, and a data directory that is not there yet."""

import os
import pathlib
import shutil
import stat

from carat_program import MODELS, ProgramTest, main

GGUF = MODELS / "e2b" / "model-q4_0.gguf"
ASK = ("ask", "x", "--max-tokens", "4")


class ModelChoiceTest(ProgramTest):
    def store(self, data=None):
        folder = pathlib.Path(data or self.folder / "home/.local/share") / "carat/models"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def test_no_model(self):
        where = self.folder / "home/.local/share/carat/models"
        for command in (ASK, ("show",), ("probe", "--ids", "2", "--out", self.folder / "o"),
                        ("render", self.write("m.json", '{"messages": []}'))):
            with self.subTest(command=command[0]):
                self.refused(3, (where, "--model", "CARAT_MODEL"), *command)
        self.refused(3, ("gemma", where, "path"), "show", "gemma")

    def test_the_only_model_is_the_default(self):
        shutil.copy(GGUF, self.store() / "tiny.gguf")
        answer = self.ok(*ASK)
        self.assertEqual(self.ok(*ASK, "--model", GGUF), answer)
        self.assertEqual(self.ok(*ASK, "--model", "tiny"), answer)
        self.assertEqual(self.ok(*ASK, "-m", "tiny.gguf"), answer)
        self.assertIn("tiny gemma4", self.ok("show"))

    def test_several_models_are_listed(self):
        for name in ("tiny.gguf", "other.gguf", "mmproj-tiny.gguf", "notes.txt", ".hidden.gguf"):
            shutil.copy(GGUF, self.store() / name)
        shutil.copytree(MODELS / "gemma3", self.store() / "three")
        (self.store() / "no-model").mkdir()
        sentence = self.refused(2, ("other, three, tiny", "--model", "CARAT_MODEL"), *ASK)
        for name in ("mmproj", "notes", "hidden", "no-model"):
            self.assertNotIn(name, sentence)
        self.assertIn("gemma3", self.ok("show", "three"))
        self.assertEqual(self.ok(*ASK, CARAT_MODEL="other"), self.ok(*ASK, "--model", GGUF))

    def test_misspelt_names(self):
        shutil.copy(GGUF, self.store() / "gemma-tiny.gguf")
        self.refused(3, ("gemma-tinny", "did you mean gemma-tiny?"), *ASK, "--model", "gemma-tinny")
        self.refused(3, "did you mean gemma-tiny?", "show", "Gemma-Tiny")
        self.refused(3, ("llama", "which has gemma-tiny"), "show", "llama")
        self.refused(3, ("CARAT_MODEL", "gemma-tinny", "did you mean gemma-tiny?"), *ASK, CARAT_MODEL="gemma-tinny")
        self.refused(3, "../gemma-tiny", "show", "../gemma-tiny")

    def test_carat_model(self):
        self.assertEqual(self.ok(*ASK, CARAT_MODEL=str(GGUF)), self.ok(*ASK, "--model", GGUF))
        self.assertIn("gemma3", self.ok("show", MODELS / "gemma3", CARAT_MODEL=str(GGUF)), "an argument wins")
        self.refused(3, ("CARAT_MODEL", "/nowhere/x.gguf"), *ASK, CARAT_MODEL="/nowhere/x.gguf")
        shutil.copy(GGUF, self.store() / "tiny.gguf")
        self.assertEqual(self.ok(*ASK, CARAT_MODEL=""), self.ok(*ASK, "--model", GGUF), "empty counts as unset")

    def test_data_directory(self):
        data = self.folder / "data"
        shutil.copy(GGUF, self.store(data) / "tiny.gguf")
        self.assertIn("tiny", self.ok("show", XDG_DATA_HOME=str(data)))
        for ignored in ("", "relative/data"):
            self.refused(3, self.folder / "home/.local/share/carat/models", "show", XDG_DATA_HOME=ignored)

    def test_missing_folders_are_made_private(self):
        home = self.folder / "not" / "there" / "yet"
        self.refused(3, home, "show", HOME=str(home))
        for folder in (home, home / ".local", home / ".local/share/carat", home / ".local/share/carat/models"):
            self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700, folder)
        data = self.folder / "new-data"
        self.refused(3, data, "show", XDG_DATA_HOME=str(data))
        self.assertEqual(stat.S_IMODE(data.stat().st_mode), 0o700)

    def test_home_that_cannot_be(self):
        file = self.write("file", "x")
        self.refused(6, (file, "XDG_DATA_HOME"), "show", HOME=file)
        self.refused(6, ("/proc/nowhere", "XDG_DATA_HOME"), "show", HOME="/proc/nowhere")
        self.refused(2, ("HOME", "XDG_DATA_HOME"), "show", HOME="relative")

    def test_a_path_needs_no_store(self):
        """A model given by its path runs where no data directory can be made."""
        file = self.write("file", "x")
        for environment in ({"HOME": file}, {"HOME": "/proc/nowhere"}, {"HOME": "relative"}):
            with self.subTest(**environment):
                self.assertIn("tiny gemma4", self.ok("show", GGUF, **environment))

    def test_a_relative_path(self):
        shutil.copy(GGUF, self.folder / "here.gguf")
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        for name in ("here.gguf", "./here.gguf"):
            self.assertIn("tiny gemma4", self.ok("show", name))


if __name__ == "__main__":
    main()
