"""Pack once: the packed copy of a model is made, mapped, listed and removed, and whatever befalls it the answer is right."""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import time

from carat_program import MODELS, ProgramTest, main
from containers import Gguf

GGUF = MODELS / "e2b" / "model-q4_0.gguf"
CACHE = ("--cache-min", "0")  # the small models are far below the usual 64M
KEPT = "packed weights kept in"
NOT_FOUND, IO = 3, 6
Q4_0 = 2  # the type's number in GGUF


class CacheTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = ""
        self.folder.chmod(0o755)  # for tests that become somebody else
        self.models = self.folder / "models"
        self.models.mkdir()
        self.model = self.models / "m.gguf"
        shutil.copy(GGUF, self.model)
        self.copy = self.models / "m.gguf.carat-packed"
        self.cache_dir = self.folder / "home" / ".cache" / "carat" / "packed"

    def command(self, *arguments, model=None):
        return ["ask", "hello there", "--model", model or self.model, "--max-tokens", "16", "--seed", "3",
                *(arguments or CACHE)]

    def ask(self, *arguments, model=None, **options):
        """Answer, and what was said on stderr."""
        result = self.run_carat(*self.command(*arguments, model=model), **options)
        said = result.stderr.decode()
        self.assertEqual(result.returncode, 0, said)
        return result.stdout, said

    def right(self, model=None):
        return self.ask("--no-cache", model=model)[0]

    def mapped(self, said):
        return " mapped, K/V" in said

    def copies(self):
        return json.loads(self.ok("cache", "--json"))["files"]

    def files(self, folder):
        return sorted(path.name for path in folder.iterdir())

    def other_model(self):
        """A model of the same shapes and size with other weights: codes of its Q4_0 tensors changed."""
        content = bytearray(GGUF.read_bytes())
        for tensor in Gguf.read(GGUF).tensors.values():
            begin = content.find(tensor.data)
            for block in range(begin, begin + len(tensor.data), 18) if tensor.type == Q4_0 else ():
                content[block + 9] ^= 0x35
        path = self.folder / "other.gguf"
        path.write_bytes(content)
        return path

    # ---- made once, then mapped

    def test_the_second_start_maps(self):
        expected = self.right()
        self.assertEqual(self.files(self.models), ["m.gguf"], "--no-cache writes nothing")
        answer, said = self.ask()
        self.assertEqual(answer, expected)
        self.assertFalse(self.mapped(said))
        self.assertEqual(said.count(KEPT), 1)
        self.assertIn(str(self.copy), said)
        for _ in range(2):
            answer, said = self.ask()
            self.assertEqual(answer, expected)
            self.assertTrue(self.mapped(said), said)
            self.assertNotIn(KEPT, said)
        self.assertEqual(self.files(self.models), ["m.gguf", "m.gguf.carat-packed"])
        self.assertFalse(self.mapped(self.ask("--no-cache")[1]))

    def test_logits_are_the_same_bits(self):
        for size in ("e2b", "26b-a4b", "gemma3"):
            model = self.copy_model(size)
            outputs = []
            for arguments in (("--no-cache",), CACHE, CACHE):
                out = self.folder / "out.safetensors"
                result = self.run_carat("probe", model, "--ids", "2,10,55,7", "--rows", "all", "--greedy", "4",
                                        "--out", out, *arguments)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(KEPT.encode() in result.stderr, len(outputs) == 1)
                outputs.append(out.read_bytes())
            self.assertEqual(outputs[1], outputs[0], size)
            self.assertEqual(outputs[2], outputs[0], size)

    def test_every_command_that_loads(self):
        self.write("text.txt", "hello there, hello there")
        commands = (
            ("probe", self.model, "--ids", "2,5", "--out", self.folder / "o"),
            ("eval", self.model, self.folder / "text.txt", "--against", "exact"),
            ("bench", self.model, "--pp", "4", "--tg", "2", "--reps", "1", "--patience", "0"),
        )
        for command in commands:
            with self.subTest(command=command[0]):
                self.assertEqual(self.run_carat(*command, "--no-cache").returncode, 0)
                self.assertFalse(self.copy.exists())
                self.assertEqual(self.run_carat(*command).returncode, 0)
                self.assertFalse(self.copy.exists(), "a small model is never cached")
                self.assertIn(KEPT.encode(), self.run_carat(*command, *CACHE).stderr)
                again = self.run_carat(*command, *CACHE)
                self.assertEqual(again.returncode, 0)
                self.assertNotIn(KEPT.encode(), again.stderr)
                self.copy.unlink()
        self.refused(2, ("--cache-min", "much"), *self.command("--cache-min", "much"))

    def test_a_model_that_fails_to_load_leaves_no_file(self):
        self.refused(7, "--max-memory", *self.command("--max-memory", "1M", *CACHE), said_before=True)
        self.assertEqual(self.files(self.models), ["m.gguf"])

    # ---- list and remove

    def test_list_and_remove(self):
        self.assertEqual(self.run_carat("cache").stdout, b"")
        self.assertEqual(self.copies(), [])
        before = int(time.time())
        self.ask()
        (entry,) = self.copies()
        self.assertEqual(entry["path"], str(self.copy.resolve()))
        self.assertEqual(entry["model_path"], str(self.model.resolve()))
        self.assertEqual(entry["bytes"], self.copy.stat().st_size)
        self.assertGreaterEqual(entry["last_used"], before - 1)
        os.utime(self.copy, (0, 0))
        self.assertEqual(self.copies()[0]["last_used"], 0)
        self.ask()
        self.assertGreaterEqual(self.copies()[0]["last_used"], before - 1, "used just now")
        table = self.ok("cache")
        self.assertIn(str(self.copy), table)
        self.assertIn(entry["model"], table)

        self.refused(NOT_FOUND, ("nonsense", "carat cache"), "cache", "--rm", "nonsense")
        self.assertTrue(self.copy.exists())
        for name in ("m", "m.gguf", str(self.model), str(self.copy), entry["model"], "all"):
            self.ask()
            self.assertTrue(self.copy.exists())
            said = self.run_carat("cache", "--rm", name).stderr.decode()
            self.assertIn(str(self.copy), said)
            self.assertEqual(self.files(self.models), ["m.gguf"], name)
            self.assertEqual(self.copies(), [])
        self.assertEqual(self.run_carat("cache", "--rm", "all").returncode, 0)

    def test_a_copy_that_somebody_else_wrote_goes_by_the_models_path(self):
        self.ask()
        for link in self.cache_dir.iterdir():
            link.unlink()
        self.assertEqual(self.copies(), [], "nothing here knows of it")
        self.refused(NOT_FOUND, "carat cache", "cache", "--rm", "m.gguf")
        self.assertIn(str(self.copy), self.run_carat("cache", "--rm", self.model).stderr.decode())
        self.assertEqual(self.files(self.models), ["m.gguf"])

    # ---- where it cannot be written

    def read_only(self, *folders):
        """Options of run_carat for a process that may not write in these folders. Root writes everywhere, so it becomes
        nobody."""
        for folder in folders:
            folder.chmod(0o555)
            self.addCleanup(folder.chmod, 0o755)
        if os.getuid() != 0:
            return {}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        if home not in folders:
            os.chown(home, 65534, 65534)
        return {"user": 65534, "group": 65534, "extra_groups": []}

    def ask_as(self, who):
        result = subprocess.run([self.carat, *map(str, self.command())], stdin=subprocess.DEVNULL, capture_output=True,
                                env=self.environment, **who)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout, result.stderr.decode()

    def test_a_read_only_folder(self):
        expected = self.right()
        nobody = self.read_only(self.models)
        answer, said = self.ask_as(nobody)
        self.assertEqual(answer, expected)
        self.assertIn(str(self.cache_dir), said)
        self.assertEqual(self.files(self.models), ["m.gguf"])
        (name,) = self.files(self.cache_dir)
        self.assertTrue(name.startswith("m-") and name.endswith(".carat-packed"), name)
        answer, said = self.ask_as(nobody)
        self.assertEqual(answer, expected)
        self.assertTrue(self.mapped(said))
        self.assertEqual(self.copies()[0]["path"], str((self.cache_dir / name).resolve()))

    def test_nowhere(self):
        expected = self.right()
        home = self.folder / "home"
        home.mkdir()
        nobody = self.read_only(self.models, home)
        for _ in range(2):
            answer, said = self.ask_as(nobody)
            self.assertEqual(answer, expected)
            self.assertEqual(said.count("cannot be kept"), 1, said)
            self.assertNotIn("error:", said)
        self.assertEqual(self.files(self.models), ["m.gguf"])

    def test_a_full_disk(self):
        """As a limit on the size of files, which write() reports the same way."""
        expected = self.right()
        for limit in (1, 5_000, 100_000):
            result = subprocess.run(
                [self.carat, *map(str, self.command())], stdin=subprocess.DEVNULL, capture_output=True,
                env=self.environment,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            said = result.stderr.decode()
            self.assertEqual(result.returncode, 0, said)
            self.assertEqual(result.stdout, expected)
            self.assertEqual(said.count("cannot be kept"), 1, said)
            self.assertIn("File too large", said)
            self.assertEqual(self.files(self.models), ["m.gguf"])

    # ---- what may befall a copy

    def test_a_damaged_copy(self):
        expected = self.right()
        self.ask()
        whole = self.copy.read_bytes()
        for at in (0, 9, 30, 9_000, len(whole) // 2, len(whole) - 9):
            content = bytearray(whole)
            content[at] ^= 0x40
            self.copy.write_bytes(content)
            answer, said = self.ask()
            self.assertEqual(answer, expected, at)
            self.assertFalse(at and self.mapped(said) and KEPT not in said, said)
            if at == 0:  # no copy any more, but a file of somebody's
                self.assertIn("left alone", said)
                self.assertEqual(self.copy.read_bytes(), content)
                self.ok("cache", "--rm", "all")
            else:
                self.assertEqual(self.copy.read_bytes(), whole, at)
        for length in (0, 10, 4096, 8192, len(whole) - 1):
            self.copy.write_bytes(whole[:length])
            answer, said = self.ask()
            self.assertEqual(answer, expected, length)
            self.copy.unlink()

    def test_what_a_killed_process_left(self):
        left = self.models / "m.gguf.carat-packed.part-a1B2c3"
        left.write_bytes(b"half a copy")
        mine = self.models / "m.gguf.carat-packed.part-of-my-notes"
        mine.write_bytes(b"")
        self.ask()
        self.assertEqual(self.files(self.models), ["m.gguf", self.copy.name, mine.name])

    def test_many_processes_at_once(self):
        expected = self.right()
        for _ in range(3):
            together = [subprocess.Popen([self.carat, *map(str, self.command())], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
                        for _ in range(6)]
            for process in together:
                answer, said = process.communicate()
                self.assertEqual((process.returncode, answer), (0, expected), said)
                self.assertNotIn(b"cannot", said)
            self.assertEqual(self.files(self.models), ["m.gguf", self.copy.name])
            self.assertTrue(self.mapped(self.ask()[1]))
            self.copy.unlink()

    # ---- what may befall the model

    def test_a_model_replaced_between_starts(self):
        self.ask()
        other = self.other_model()
        expected = self.right(other)
        self.assertNotEqual(expected, self.right())
        os.replace(other, self.model)
        answer, said = self.ask()
        self.assertEqual(answer, expected)
        self.assertIn("was made from other weights", said)
        answer, said = self.ask()
        self.assertEqual(answer, expected)
        self.assertTrue(self.mapped(said))

    def test_a_model_written_over_in_place_with_its_old_time(self):
        self.ask()
        times = self.model.stat()
        content = self.other_model().read_bytes()
        with open(self.model, "r+b") as file:
            file.write(content)
        os.utime(self.model, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.assertEqual(self.model.stat().st_mtime_ns, times.st_mtime_ns)
        self.assertEqual(self.ask()[0], self.right())

    def started_with_the_model_mapped(self):
        """A process that has opened the model and waits for its question on stdin."""
        process = subprocess.Popen(
            [self.carat, "ask", "--model", str(self.model), "--max-tokens", "16", "--seed", "3", *CACHE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        # The question is read after the model is opened: then it sleeps.
        proc = pathlib.Path(f"/proc/{process.pid}")
        while process.poll() is None and not (str(self.model) in (proc / "maps").read_text()
                                              and (proc / "stat").read_text().rsplit(")")[1].split()[0] == "S"):
            time.sleep(0.005)
        self.assertIsNone(process.poll(), "it ended before it was asked")
        return process

    def test_a_model_replaced_while_in_use(self):
        expected = self.right()
        process = self.started_with_the_model_mapped()
        other = self.other_model()
        new = self.right(other)
        os.replace(other, self.model)
        answer, said = process.communicate(b"hello there")
        self.assertEqual((process.returncode, answer), (0, expected), said)
        self.assertEqual(self.ask()[0], new, "the copy of the old one is not taken for the new one's")
        self.assertEqual(self.ask()[0], new)

    def test_a_model_cut_while_in_use(self):
        for length in (0, 4096, 100_000):
            shutil.copy(GGUF, self.model)
            process = self.started_with_the_model_mapped()
            os.truncate(self.model, length)
            answer, said = process.communicate(b"hello there")
            *_, last = said.decode().splitlines()
            self.assertEqual(process.returncode, IO, said)
            self.assertEqual(answer, b"")
            self.assertTrue(last.startswith(f"carat: error: {self.model}"), last)
            self.assertEqual(self.files(self.models), ["m.gguf"])


if __name__ == "__main__":
    main()
