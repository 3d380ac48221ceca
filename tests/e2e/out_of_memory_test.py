#!/usr/bin/env python3
"""Limits of the operating system, for address space and for threads: the right answer, or one sentence and the exit
code for it; never a signal.

    out_of_memory_test.py CARAT [unittest options]      CARAT_SWEEP=full: every 256 KiB instead of some sizes
"""

import os
import resource
import shutil
import subprocess
import sys
import unittest

from carat_program import JARGON, MODELS, ProgramTest, main

MIB = 1 << 20
NOBODY = 65534
MODEL = MODELS / "e2b" / "model-q4_0.gguf"
ASK = ["ask", "--temperature", "0", "--max-tokens", "6", "--threads", "2", "Hello"]


class OutOfMemoryTest(ProgramTest):
    def run_limited(self, which, value, *arguments, **options):
        def limit():
            resource.setrlimit(which, (value, value))

        return subprocess.run([self.carat, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              env=self.environment, preexec_fn=limit, **options)

    def sizes(self):
        """From where the program begins at all: what is below ends in the kernel or the dynamic linker."""
        floor = next(size for size in range(4 * MIB, 400 * MIB, MIB // 4)
                     if self.run_limited(resource.RLIMIT_AS, size, "--version").returncode == 0)
        step = MIB // 4 if os.environ.get("CARAT_SWEEP") == "full" else 3 * MIB + 123_456
        return range(floor, floor + 200 * MIB, step)

    def sweep(self, *arguments):
        """How many runs said that there is no memory, and how many worked."""
        free = self.run_limited(resource.RLIMIT_AS, resource.RLIM_INFINITY, *arguments)
        self.assertEqual(free.returncode, 0, free.stderr)
        n_refused = n_worked = 0
        for size in self.sizes():
            result = self.run_limited(resource.RLIMIT_AS, size, *arguments)
            text = result.stderr.decode(errors="backslashreplace")
            context = f"{size} bytes: {result.returncode} {text}"
            if result.returncode == 0:
                self.assertEqual(result.stdout, free.stdout, context)
                n_worked += 1
                continue
            self.assertIn(result.returncode, (6, 7), context)
            last = text.rstrip("\n").split("\n")[-1]
            self.assertTrue(last.startswith("carat: error: "), context)
            for word in JARGON:
                self.assertNotIn(word, last, context)
            if result.returncode == 6:
                self.assertIn("cannot start threads", last)
            n_refused += 1
        print(f"{arguments[0]}: {n_refused} refused, {n_worked} worked", file=sys.stderr)
        return n_refused, n_worked

    def test_address_space_while_asking(self):
        n_refused, n_worked = self.sweep(*ASK, "--model", str(MODEL))
        self.assertGreater(n_refused, 3)
        self.assertGreater(n_worked, 3)

    def test_address_space_of_a_folder_and_its_packed_copy(self):
        folder = self.copy_model("e2b")
        self.sweep(*ASK, "--model", str(folder), "--cache-min", "0")

    def test_address_space_of_other_commands(self):
        for command in (["show", str(MODEL)], ["tokenize", str(MODEL), "/dev/null"], ["--help"]):
            with self.subTest(command=command[0]):
                self.sweep(*command)

    def test_no_more_threads(self):
        options = {}
        if os.geteuid() == 0:  # the limit binds everybody but root
            if subprocess.run([self.carat, "--version"], capture_output=True, user=NOBODY, group=NOBODY).returncode != 0:
                self.skipTest("another user cannot run this program where it lies")
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        model = shutil.copy(MODEL, self.folder)
        os.chmod(self.folder, 0o755)
        result = self.run_limited(resource.RLIMIT_NPROC, 1, *ASK, "--model", model, **options)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, 6, text)
        self.assertIn("error: cannot start threads (2 are wanted): Resource temporarily unavailable; ask for fewer with "
                      "--threads, or let this user have more (ulimit -u)", text)
        alone = [*ASK[:-3], "--threads", "1", ASK[-1], "--model", model]
        result = self.run_limited(resource.RLIMIT_NPROC, 1, *alone, **options)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    main()
