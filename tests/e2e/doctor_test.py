"""`carat doctor`: what it finds in a healthy home and in broken ones, that it says what to do, and its exit code."""

import json
import os
import shutil
import sqlite3
import subprocess
import unittest

from carat_program import MODELS, ProgramTest, main
from huge_model import machine_bytes, sparse_model

E2B = MODELS / "e2b" / "model-q4_0.gguf"
BUG, USAGE, UNSUPPORTED, IO = 1, 2, 5, 6
NOBODY = 65534
TABLES = ("scalar", "avx2", "avx2vnni", "avx512")


class DoctorTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = ""
        self.folder.chmod(0o755)  # for tests that become somebody else
        self.home = self.folder / "home"
        self.home.mkdir()
        self.data = self.home / ".local" / "share" / "carat"
        self.models = self.data / "models"

    def fill(self, *names):
        """A store with models of these names."""
        self.models.mkdir(parents=True)
        self.data.chmod(0o700)
        for name in names:
            shutil.copy(E2B, self.models / f"{name}.gguf")

    def examine(self, code=0, user=None, **environment):
        """The JSON report, after a look at the exit code and stderr. As `user` where one is given."""
        as_user = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
        result = subprocess.run([self.carat, "doctor", "--json"], capture_output=True, timeout=60,
                                env={**self.environment, **environment}, **as_user)
        said = result.stderr.decode()
        self.assertEqual(result.returncode, code, said)
        report = json.loads(result.stdout)
        problems = [f for f in report["findings"] if f["state"] == "problem"]
        self.assertEqual(bool(problems), code != 0, problems)
        if code == 0:
            self.assertEqual(said, "")
        else:
            self.assertEqual(said.count("\n"), 1, said)
            self.assertTrue(said.startswith(f"carat: error: {len(problems)} problem"), said)
        for finding in report["findings"]:
            self.assertNotIn("\n", finding["text"] + (finding["advice"] or ""))
            if finding["state"] == "problem":
                self.assertTrue(finding["advice"], finding)
        return report

    def about(self, report, topic, state, *words):
        """The one finding about a topic, in that state, with these words in its text."""
        findings = [f for f in report["findings"] if f["topic"] == topic]
        self.assertEqual(len(findings), 1, report["findings"])
        self.assertEqual(findings[0]["state"], state, findings)
        for word in words:
            self.assertIn(str(word), findings[0]["text"])
        return findings[0]

    def files(self):
        return sorted(str(path) for path in self.home.rglob("*"))

    def become_nobody(self):
        if os.getuid() != 0:
            return {}
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        return {"user": NOBODY}

    # ---- healthy

    def test_an_empty_home_is_fine_and_stays_empty(self):
        report = self.examine()
        self.about(report, "store", "ok", self.data, "not there yet")
        self.about(report, "chats", "ok", "none")
        self.about(report, "models", "note", "none")
        self.assertEqual(self.files(), [])
        self.assertIn(report["state"], ("ok", "note"))

    def test_every_table_of_this_processor_gives_the_known_answers(self):
        report = self.examine()
        self.assertEqual(tuple(table["name"] for table in report["tables"]), TABLES)
        self.assertIn(report["isa"], [t["name"] for t in report["tables"] if t["supported"]])
        for table in report["tables"]:
            self.assertEqual(table["wrong"], [])
            self.assertEqual(table["answers"], 45 if table["supported"] else 0)
        self.about(report, "self-test", "ok", "scalar", "45")

    def test_the_machine_is_this_one(self):
        machine = self.examine()["machine"]
        with open("/proc/meminfo") as meminfo:
            total = int(meminfo.readline().split()[1]) * 1024
        self.assertEqual(machine["memory_bytes"], total)
        self.assertEqual(machine["n_processors"], len(os.sched_getaffinity(0)))
        self.assertLessEqual(machine["available_bytes"], total)
        self.assertTrue(0 <= machine["others_share"] <= 1)

    def test_models_are_opened(self):
        self.fill("one", "two")
        report = self.examine()
        found = [f for f in report["findings"] if f["topic"] == "model"]
        self.assertEqual([f["state"] for f in found], ["ok", "ok"])
        self.assertTrue(found[0]["text"].startswith("one: ") and found[1]["text"].startswith("two: "))
        shown = json.loads(self.ok("show", "one", "--json"))
        self.assertIn(f"context {shown['memory_plan']['context']:,}", found[0]["text"])

    def test_a_model_larger_than_the_machine_is_a_note(self):
        self.fill()
        sparse_model(self.copy_model("gemma3", self.models / "huge"), machine_bytes())
        finding = self.about(self.examine(), "model", "note", "huge: ", "is available")
        self.assertIn("smaller", finding["advice"])

    def test_the_text_says_the_same(self):
        self.fill("one")
        (self.models / "gone.gguf").symlink_to(self.folder / "nowhere.gguf")
        result = self.run_carat("doctor")
        self.assertEqual(result.returncode, IO)
        head, blank, *lines = result.stdout.decode().splitlines()
        self.assertRegex(head, r"^carat \d+\.\d+\.\d+ \(commit \w+, arithmetic \d+\)$")
        self.assertEqual(blank, "")
        advice_at = lines.index("What to do")
        findings = [(line[:7].rstrip(), line[9:]) for line in lines[:advice_at - 1]]
        self.assertEqual({state for state, _ in findings} - {"ok", "note", "problem"}, set())
        self.assertTrue(any(state == "problem" and "gone: " in text for state, text in findings))
        self.assertTrue(any("carat rm gone" in line for line in lines[advice_at:]))
        self.assertNotIn(b"\x1b", result.stdout)

    # ---- the kernels that are asked for

    def test_carat_isa(self):
        report = self.examine(CARAT_ISA="scalar")
        self.assertEqual((report["isa"], report["forced_isa"]), ("scalar", "scalar"))
        if [t["name"] for t in report["tables"] if t["supported"]] != ["scalar"]:
            self.assertIn("unset CARAT_ISA", self.about(report, "kernels", "note", "scalar")["advice"])
        self.about(self.examine(CARAT_ISA="ref"), "kernels", "note", "ref")
        report = self.examine(USAGE, CARAT_ISA="sse2")
        self.assertEqual(report["isa"], None)
        self.assertIn("unset CARAT_ISA", self.about(report, "kernels", "problem", "sse2", "avx2")["advice"])
        self.about(report, "self-test", "ok", "scalar")

    # ---- broken homes

    def test_no_home(self):
        report = self.examine(IO, HOME="relative", XDG_DATA_HOME="relative")
        self.assertIn("HOME", self.about(report, "store", "problem")["advice"])

    def test_a_home_that_cannot_be_written(self):
        user = self.become_nobody()
        self.home.chmod(0o555)
        self.addCleanup(self.home.chmod, 0o755)
        report = self.examine(IO, **user)
        self.assertIn("chmod u+rwx", self.about(report, "store", "problem", self.data, "Permission denied")["advice"])
        self.about(report, "cache", "note", "Permission denied")
        self.about(report, "chats", "ok")

    def test_a_store_that_nobody_may_enter(self):
        self.fill("one")
        user = self.become_nobody()
        self.data.chmod(0)
        self.addCleanup(self.data.chmod, 0o700)
        report = self.examine(IO, **user)
        self.about(report, "store", "problem", "Permission denied")
        self.about(report, "models", "problem", "Permission denied")
        self.about(report, "chats", "problem", "ermission")

    def test_a_file_in_the_place_of_the_store(self):
        self.write("home/.local/share/carat", "no folder")
        report = self.examine(IO)
        self.assertIn(f"move {self.data} away", self.about(report, "store", "problem", "is a file")["advice"])

    def test_a_store_that_others_may_read(self):
        self.fill("one")
        self.data.chmod(0o755)
        report = self.examine()
        self.assertEqual(self.about(report, "store", "note", "0755")["advice"], f"run: chmod 700 {self.data}")

    def test_models_that_cannot_be_opened(self):
        self.fill("good", "cut", "text", "shut")
        (self.models / "cut.gguf").write_bytes(E2B.read_bytes()[:5000])
        (self.models / "text.gguf").write_text("these are words")
        (self.models / "gone.gguf").symlink_to(self.folder / "nowhere.gguf")
        user = self.become_nobody()
        (self.models / "shut.gguf").chmod(0)
        report = self.examine(IO, **user)
        states = {f["text"].split(":")[0]: f for f in report["findings"] if f["topic"] == "model"}
        self.assertEqual({name: f["state"] for name, f in states.items()},
                         {"good": "ok", "cut": "problem", "text": "problem", "shut": "problem", "gone": "problem"})
        self.assertIn("Permission denied", states["shut"]["text"])
        for name in ("cut", "text", "shut", "gone"):
            self.assertIn(f"carat rm {name}", states[name]["advice"])

    def test_the_default_model(self):
        self.fill("one")
        self.about(self.examine(CARAT_MODEL="one"), "default", "ok", "one")
        self.about(self.examine(CARAT_MODEL=str(E2B)), "default", "ok")
        self.assertIn("carat list", self.about(self.examine(IO, CARAT_MODEL="tow"), "default", "problem", "tow")["advice"])

    def test_chats(self):
        self.fill("one")
        chats = self.data / "chats.sqlite"
        with sqlite3.connect(chats) as other:
            other.execute("CREATE TABLE recipes (name TEXT)")
        other.close()
        report = self.examine(IO)
        self.assertIn("away", self.about(report, "chats", "problem", chats)["advice"])
        chats.unlink()
        self.assertEqual([path.name for path in self.data.iterdir()], ["models"])

        self.ok("chat", "one", "--max-tokens", "4", stdin="hello\nthere\n")
        self.about(self.examine(), "chats", "ok", "1 kept")
        with sqlite3.connect(chats) as newer:
            newer.execute("PRAGMA user_version = 99")
        newer.close()
        self.assertIn("newer", self.about(self.examine(IO), "chats", "problem", chats)["advice"])

    def test_damaged_chats_are_repaired_and_said(self):
        self.fill("one")
        self.ok("chat", "one", "--max-tokens", "4", stdin="hello\nthere\n")
        chats = self.data / "chats.sqlite"
        content = bytearray(chats.read_bytes())
        content[100:140] = b"\xff" * 40  # the root of the schema
        chats.write_bytes(content)
        for beside in self.data.glob("chats.sqlite-*"):
            beside.unlink()
        self.assertIn("damaged", self.about(self.examine(), "chats", "note", "kept")["advice"])
        self.about(self.examine(), "chats", "ok", "kept")

    def test_strange_names_do_not_reach_the_terminal(self):
        self.fill("one")
        (self.models / "a\x1b[31mb\nc.gguf").symlink_to(self.folder / "nowhere.gguf")
        result = self.run_carat("doctor")
        self.assertEqual(result.returncode, IO)
        self.assertNotIn(b"\x1b", result.stdout)
        self.assertNotIn(b"\nc", result.stdout)

    @unittest.skipUnless(shutil.which("prlimit"), "needs prlimit")
    def test_little_memory_is_no_crash(self):
        result = subprocess.run(["prlimit", f"--as={96 << 20}", self.carat, "doctor"], capture_output=True, timeout=60,
                                env=self.environment)
        self.assertIn(result.returncode, (0, 7), result.stderr)


if __name__ == "__main__":
    main()
