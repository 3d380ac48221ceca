"""cmake --install puts the program and all that belongs to it below a prefix: install_test.py BUILD_DIR CARAT"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUILD, CARAT = sys.argv[1:3]


class InstallTest(unittest.TestCase):
    def test_install(self):
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
            root = pathlib.Path(prefix)
            installed = subprocess.run([root / "bin" / "carat", "--version"], capture_output=True, check=True).stdout
            self.assertEqual(installed, subprocess.run([CARAT, "--version"], capture_output=True, check=True).stdout)
            commands = json.loads(subprocess.run([CARAT, "help", "--json"], capture_output=True, check=True).stdout)
            for name in ["carat", *(f"carat-{command['name']}" for command in commands["commands"])]:
                page = gzip.decompress((root / "share" / "man" / "man1" / f"{name}.1.gz").read_bytes()).decode()
                self.assertTrue(page.startswith(".TH CARAT"), name)
            for path in ("bash-completion/completions/carat", "zsh/vendor-completions/_carat",
                         "fish/vendor_completions.d/carat.fish", "doc/carat/copyright", "doc/carat/cli.md"):
                self.assertGreater((root / "share" / path).stat().st_size, 100, path)


unittest.main(argv=sys.argv[:1])
