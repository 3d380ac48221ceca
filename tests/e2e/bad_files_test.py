"""What is given as a model, a request or a list of ids, and is no such thing: each command says so in one sentence."""

import grp
import os
import pwd
import shutil
import socket
import subprocess

from carat_program import MODELS, ProgramTest, main

GGUF = MODELS / "e2b" / "model-q4_0.gguf"
USAGE, NOT_FOUND, CORRUPT, UNSUPPORTED, IO, LIMIT = 2, 3, 4, 5, 6, 8


class BadFilesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.request = self.write("request.json", '{"messages": []}')
        self.out = self.folder / "out.safetensors"

    def model_commands(self, model):
        return (("show", model), ("ask", "x", "--model", model), ("probe", model, "--ids", "2", "--out", self.out),
                ("render", model, self.request), ("tokenize", model))

    def refused_everywhere(self, code, words, model):
        for command in self.model_commands(model):
            with self.subTest(command=command[0]):
                self.refused(code, words, *command)
        self.assertFalse(self.out.exists())

    # ---- models

    def test_no_such_file(self):
        for name in ("none.gguf", "none", "a/b/c.gguf"):
            self.refused_everywhere(NOT_FOUND, (name,), self.folder / name)
        self.refused_everywhere(NOT_FOUND, "in-no-folder", "in-no-folder")

    def test_a_name_that_is_too_long(self):
        for name in ("x" * 300, "/" + "x" * 5000, "a/" * 3000):
            result = self.run_carat("show", name)
            self.assertIn(result.returncode, range(1, 10))
            self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_directories(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.refused_everywhere(NOT_FOUND, (empty, "config.json"), empty)
        with_gguf = self.folder / "with-gguf"
        with_gguf.mkdir()
        shutil.copy(GGUF, with_gguf / "m.gguf")
        self.refused_everywhere(NOT_FOUND, (with_gguf, ".gguf"), with_gguf)
        named_gguf = self.folder / "folder.gguf"
        named_gguf.mkdir()
        self.refused_everywhere(NOT_FOUND, (named_gguf, "config.json"), named_gguf)

    def test_an_empty_file(self):
        self.refused_everywhere(CORRUPT, ("empty.gguf", "is empty", "download"), self.write("empty.gguf", b""))

    def test_files_of_other_kinds(self):
        for content in (b"hello, I am a text\n" * 100, bytes(10000), os.urandom(10000), b"\x7fELF" + bytes(1000),
                        b"PK\x03\x04" + bytes(1000)):
            self.refused_everywhere(CORRUPT, ("other.gguf", "expected a GGUF file"), self.write("other.gguf", content))
        alone = self.folder / "alone.safetensors"
        shutil.copy(MODELS / "gemma3" / "model.safetensors", alone)
        self.refused_everywhere(NOT_FOUND, (alone, "config.json"), alone)

    def test_a_fifo_does_not_hang(self):
        fifo = self.folder / "fifo.gguf"
        os.mkfifo(fifo)
        self.refused_everywhere(USAGE, (fifo, "regular file"), fifo)

    def test_devices_and_sockets(self):
        self.refused_everywhere(USAGE, ("/dev/null", "regular file"), "/dev/null")
        self.refused_everywhere(USAGE, ("/dev/zero", "regular file"), "/dev/zero")
        path = self.folder / "socket.gguf"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            self.refused_everywhere(IO, path, path)

    def test_broken_symlinks(self):
        link = self.folder / "link.gguf"
        link.symlink_to(self.folder / "nowhere.gguf")
        self.refused_everywhere(NOT_FOUND, link, link)
        loop = self.folder / "loop.gguf"
        loop.symlink_to(loop)
        for command in self.model_commands(loop):
            self.refused(self.run_carat(*command).returncode, loop, *command)

    def test_names_that_are_no_utf8(self):
        name = os.fsencode(self.folder) + b"/caf\xe9.gguf"
        for command in self.model_commands(os.fsdecode(name)):
            self.refused(NOT_FOUND, "caf\\xe9.gguf", *command)
        shutil.copy(GGUF, os.fsdecode(name))
        self.assertEqual(self.run_carat("show", os.fsdecode(name)).returncode, 0)

    def as_nobody(self):
        """Arguments that run a program as a user who may not read everything."""
        if os.getuid() != 0:
            return []
        if shutil.which("setpriv") is None:
            self.skipTest("as root every file can be read, and setpriv is not there to become someone else")
        nobody = pwd.getpwnam("nobody")
        group = grp.getgrgid(nobody.pw_gid).gr_name
        return ["setpriv", "--reuid", "nobody", "--regid", group, "--clear-groups"]

    def test_unreadable(self):
        # A place of its own that nobody may enter, with the program, wherever that is built.
        prefix = self.as_nobody()
        self.folder.chmod(0o755)
        home = self.folder / "home"
        home.mkdir(mode=0o777)
        home.chmod(0o777)
        binary = self.folder / "carat"
        shutil.copy(self.carat, binary)
        locked = self.folder / "locked.gguf"
        shutil.copy(GGUF, locked)
        folder = self.copy_model("e2b", "locked-folder")
        weights = self.copy_model("e2b", "locked-weights")
        tokenizer = self.copy_model("e2b", "locked-tokenizer")
        out = self.folder / "read-only"
        out.mkdir(mode=0o555)
        for path in (locked, folder / "config.json", weights / "model.safetensors", tokenizer / "tokenizer.json"):
            path.chmod(0)
        readable = self.copy_model("e2b", "readable")
        closed = self.copy_model("e2b", "closed-folder")
        closed.chmod(0)
        self.addCleanup(closed.chmod, 0o755)
        request = self.folder / "request.json"
        request.chmod(0)
        if prefix and subprocess.run([*prefix, binary, "--help"], capture_output=True).returncode != 0:
            self.skipTest("nobody cannot run a program in the temporary folder")
        for words, *command in (
            (("locked.gguf", "Permission denied"), "show", locked),
            (("locked.gguf", "Permission denied"), "ask", "x", "--model", locked),
            (("config.json", "Permission denied"), "show", folder),
            (("model.safetensors", "Permission denied"), "show", weights),
            (("tokenizer.json", "Permission denied"), "tokenize", tokenizer),
            (("request.json", "Permission denied"), "render", "--format", "gemma3", request),
            (("request.json", "Permission denied"), "tokenize", MODELS / "e2b", request),
            (("request.json", "Permission denied"), "probe", MODELS / "e2b", "--ids-file", request, "--out", out / "o"),
            (("read-only", "Permission denied"), "probe", MODELS / "e2b", "--ids", "2", "--out", out / "o"),
        ):
            if MODELS / "e2b" in command:
                command[command.index(MODELS / "e2b")] = readable
            with self.subTest(words=words, command=command[0]):
                result = subprocess.run([*prefix, binary, *map(str, command)], stdin=subprocess.DEVNULL,
                                        capture_output=True, timeout=30, env={**self.environment, "HOME": str(home)})
                sentence = result.stderr.decode()
                self.assertEqual((result.returncode, result.stdout), (IO, b""), sentence)
                self.assertEqual(sentence.count("\n"), 1, sentence)
                for word in words:
                    self.assertIn(word, sentence)
        result = subprocess.run([*prefix, binary, "show", closed], capture_output=True, timeout=30,
                                env={**self.environment, "HOME": str(home)})
        self.assertIn(result.returncode, (NOT_FOUND, IO), result.stderr)
        self.assertIn(b"closed-folder", result.stderr)

    # ---- ids

    def test_ids(self):
        model = MODELS / "e2b"
        for word, ids in (("600", "2,600"), ("512", "512"), ("-1", "2,-1"), ("x", "2,x"), ("2.5", "2.5"), ("1e2", "1e2"),
                          ("0x10", "0x10"), ("99999999999999999999", "99999999999999999999"), ("2;3", "2;3"),
                          ("+2", "+2")):
            self.refused(USAGE, ("--ids", word, "0 to 511"), "probe", model, f"--ids={ids}", "--out", self.out)
            file = self.write("ids.txt", ids)
            self.refused(USAGE, (file, word, "0 to 511"), "probe", model, "--ids-file", file, "--out", self.out)
        for ids in (",", " ", ", ,"):
            self.refused(USAGE, "no token ids", "probe", model, "--ids", ids, "--out", self.out)
        empty = self.write("empty.txt", "")
        self.refused(USAGE, "no token ids", "probe", model, "--ids-file", empty, "--out", self.out)
        binary = self.write("binary.txt", b"\xff\xfe\x00")
        self.refused(USAGE, binary, "probe", model, "--ids-file", binary, "--out", self.out)
        self.refused(NOT_FOUND, "none.txt", "probe", model, "--ids-file", self.folder / "none.txt", "--out", self.out)
        self.refused(USAGE, (self.folder, "directory"), "probe", model, "--ids-file", self.folder, "--out", self.out)
        self.assertFalse(self.out.exists())

    # ---- messages

    def test_messages(self):
        model = self.copy_model("e2b")
        (model / "chat_template.jinja").write_text("any")
        self.refused(UNSUPPORTED, ("base model", "--ids"), "probe", MODELS / "e2b", "--messages", self.request, "--out",
                     self.out)
        for code, words, text in ((CORRUPT, "JSON", "{"), (CORRUPT, "JSON", ""), (USAGE, "messages", "[]"),
                                  (USAGE, "role", '{"messages": [{}]}'), (CORRUPT, "UTF-8", b'{"messages": "\xff"}')):
            file = self.write("m.json", text)
            self.refused(code, words, "probe", model, "--messages", file, "--out", self.out)
        self.refused(NOT_FOUND, "none.json", "probe", model, "--messages", self.folder / "none.json", "--out", self.out)
        self.refused(USAGE, "directory", "probe", model, "--messages", self.folder, "--out", self.out)


if __name__ == "__main__":
    main()
