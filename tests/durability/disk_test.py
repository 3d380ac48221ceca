#!/usr/bin/env python3
"""Kept chats where nothing can be written: a full disk, a file size limit, read-only folders and files.

    disk_test.py PATH/TO/chat_writer [unittest options]

Each time: one clear sentence, nothing lost, and it works again without a restart once there is room.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

NOBODY = 65534


def private_mounts_work():
    """Whether this user may mount file systems that only one process sees."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(command, capture_output=True).returncode == 0


class Writer:
    """`chat_writer add`: adds a turn each time it is asked to."""

    def __init__(self, program, home, **options):
        self.process = subprocess.Popen([program, "add", "100000"], env=dict(os.environ, XDG_DATA_HOME=home), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)

    def add(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def add_until_error(self, most=2000):
        saved = []
        for _ in range(most):
            line = self.add()
            if not line.startswith("ok "):
                return saved, line
            saved.append(line[3:])
        raise AssertionError(f"{most} turns, and no error")

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(60)


class DiskTest(unittest.TestCase):
    program = None

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="carat-disk-")
        self.file = os.path.join(self.home, "carat", "chats.sqlite")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def run_writer(self, *arguments, stdin="\n\n\n", **options):
        return subprocess.run([self.program, *arguments], env=dict(os.environ, XDG_DATA_HOME=self.home), input=stdin,
                              text=True, capture_output=True, timeout=60, **options)

    def contents(self, **options):
        """Turn number and text of everything that is there."""
        result = self.run_writer("read", **options)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("note ", result.stdout)
        return {(line.split(" ")[1], line.split(" ")[4]) for line in result.stdout.splitlines() if line[:5] == "turn "}

    def assert_there(self, saved, **options):
        there = self.contents(**options)
        for line in saved:
            self.assertIn((line.split(" ")[1], line.split(" ")[4]), there)
        return there

    def assert_refused(self, result, words):
        self.assertEqual(result.returncode, 6, result.stdout)
        self.assertEqual(result.stdout.count("\n"), 1, result.stdout)
        self.assertTrue(result.stdout.startswith(f"error {self.home}/"), result.stdout)
        self.assertIn(words, result.stdout)

    def test_file_size_limit(self):
        soft = 400_000

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as carat does: then write() says it
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

        writer = Writer(self.program, self.home, preexec_fn=limit, restore_signals=False)
        saved, error = writer.add_until_error()
        self.assertGreater(len(saved), 3)
        self.assertEqual(error, f"error {self.file}: it would become larger than this process may make files (ulimit -f), "
                                "so nothing was added; raise the limit and try again")
        self.assertEqual(writer.add(), error, "again the same")
        self.assertEqual(len(self.assert_there(saved)), len(saved), "and nothing of what failed")
        resource.prlimit(writer.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        after = writer.add()
        self.assertTrue(after.startswith("ok "), after)
        writer.end()
        self.assert_there([*saved, after[3:]])

    @unittest.skipUnless(private_mounts_work(), "this user may not mount a small file system")
    def test_full_disk(self):
        for mib in 1, 4:
            with self.subTest(mib=mib):
                script = f"mount -t tmpfs -o size={mib}m none {self.home} && exec {sys.executable} {__file__} --inside " \
                         f"{self.program} {self.home}"
                result = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
                                        capture_output=True, text=True, timeout=120)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertEqual(result.stdout, "done\n")

    def inside_full_disk(self):
        """With a file system of a mebibyte or four at self.home."""
        filler = os.path.join(self.home, "filler")
        with open(filler, "wb") as file:
            file.write(bytes(200_000))
        writer = Writer(self.program, self.home)
        saved, error = writer.add_until_error()
        full = ": the disk is full, so nothing was added (what was saved before is kept); free some space and try again"
        self.assertGreater(len(saved), 3)
        self.assertEqual(error, f"error {self.file}{full}")
        self.assertEqual(writer.add(), error, "again the same")
        self.assertEqual(len(self.assert_there(saved)), len(saved), "another process reads all of it, disk full or not")
        os.remove(filler)
        after = writer.add()
        self.assertTrue(after.startswith("ok "), after)
        saved.append(after[3:])
        more, error = writer.add_until_error()
        self.assertEqual(error, f"error {self.file}{full}")
        saved += more
        writer.end()
        self.assertEqual(len(self.assert_there(saved)), len(saved))

        # From the start: no room for anything at all.
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        shutil.rmtree(os.path.join(self.home, "carat"))
        with open(filler, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        self.assert_refused(self.run_writer("add", "1"), "the disk is full")
        os.remove(filler)
        result = self.run_writer("add", "1")
        self.assertTrue(result.stdout.startswith("ok "), result.stdout)

        # A damaged file, and no room for a new one: the damaged one stays as it is, until there is.
        shutil.rmtree(os.path.join(self.home, "carat"))
        writer = Writer(self.program, self.home)
        saved = [writer.add()[3:] for _ in range(12)]
        writer.end()
        with open(self.file, "r+b") as file:
            file.write(b"damaged!")
        before = open(self.file, "rb").read()
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        self.assert_refused(self.run_writer("read"), "the disk is full")
        self.assertEqual(open(self.file, "rb").read(), before)
        self.assertEqual(sorted(os.listdir(os.path.join(self.home, "carat"))), ["chats.sqlite"])
        os.remove(filler)
        result = self.run_writer("read")
        self.assertIn("note ", result.stdout)
        self.assert_there(saved)

    @unittest.skipUnless(private_mounts_work(), "this user may not mount a file system")
    def test_read_only_file_system(self):
        script = f"mount -t tmpfs none {self.home} && {self.program} add 2 && mount -o remount,ro {self.home} && " \
                 f"{self.program} read"
        result = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], input="\n\n",
                                env=dict(os.environ, XDG_DATA_HOME=self.home), capture_output=True, text=True)
        self.assertEqual(result.returncode, 6, result.stdout + result.stderr)
        self.assertIn("cannot be written (the file, its folder or the file system is read-only)", result.stdout)

    def as_user(self):
        """Permissions bind everybody but root."""
        if os.geteuid() != 0:
            return {}
        os.chown(self.home, NOBODY, NOBODY)
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def test_no_write_permission(self):
        user = self.as_user()
        result = self.run_writer("add", "3", **user)
        saved = [line[3:] for line in result.stdout.splitlines()]
        self.assertEqual(len(saved), 3, result.stdout)
        folder = os.path.dirname(self.file)
        words = "cannot be written (the file, its folder or the file system is read-only), so nothing was added"
        for path, mode, usual in (folder, 0o500, 0o700), (self.file, 0o400, 0o600):
            os.chmod(path, mode)
            self.assert_refused(self.run_writer("add", "1", **user), words)
            os.chmod(path, usual)
            self.assert_there(saved, **user)
        os.chmod(folder, 0o000)
        self.assert_refused(self.run_writer("add", "1", **user), "Permission denied")
        os.chmod(folder, 0o700)
        self.assert_there(saved, **user)

    def test_home_without_write_permission(self):
        user = self.as_user()
        os.chmod(self.home, 0o500)
        self.assert_refused(self.run_writer("add", "1", **user), "cannot create the folder: Permission denied")
        self.assertEqual(os.listdir(self.home), [])
        os.chmod(self.home, 0o700)
        self.assertTrue(self.run_writer("add", "1", **user).stdout.startswith("ok "))


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        case = DiskTest()
        DiskTest.program, case.home = sys.argv[2], sys.argv[3]
        case.file = os.path.join(case.home, "carat", "chats.sqlite")
        case.inside_full_disk()
        print("done")
    else:
        DiskTest.program = os.path.abspath(sys.argv.pop(1))
        unittest.main()
