"""tools/check_layers finds what it says it finds."""

import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_layers"
LAYERS = "base:\nref: base\ntop: base\napps: top\n"


class CheckLayersTest(unittest.TestCase):
    def run_on(self, files, layers=LAYERS):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {"docs/layers.txt": layers, "apps/main.cc": "", "src/base/b.h": "", **files}.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            result = subprocess.run([TOOL, root], capture_output=True, text=True)
            return result.returncode, result.stderr

    def expect_error(self, words, files, layers=LAYERS):
        code, errors = self.run_on(files, layers)
        self.assertEqual(code, 1, errors)
        self.assertIn(words, errors)

    def test_accepts_what_the_layers_allow(self):
        self.assertEqual(self.run_on({"src/top/t.cc": '#include "base/b.h"\n#include <vector>\n'}), (0, ""))

    def test_refuses_an_upward_include(self):
        self.expect_error("base may not use top", {"src/base/b.cc": '#include "top/t.h"\n', "src/top/t.h": ""})

    def test_tests_and_benchmarks_may_use_ref(self):
        files = {"src/ref/r.h": "", "src/top/t.h": ""}
        self.assertEqual(self.run_on({**files, "src/top/t_test.cc": '#include "ref/r.h"\n'}), (0, ""))
        self.assertEqual(self.run_on({**files, "src/top/t_bench.cc": '#include "ref/r.h"\n'}), (0, ""))
        self.expect_error("top may not use ref", {**files, "src/top/t.cc": '#include "ref/r.h"\n'})

    def test_refuses_a_cycle(self):
        self.expect_error("a cycle?", {"src/top/t.h": "", "src/ref/r.h": ""},
                          "base: top\nref: base\ntop: base\napps: top\n")

    def test_refuses_an_unknown_folder(self):
        self.expect_error("no line for src/new", {"src/new/n.cc": ""})
        self.expect_error("has no folder gone", {"src/top/t.cc": '#include "gone/g.h"\n'})

    def test_refuses_an_include_without_its_folder(self):
        self.expect_error("every include names its folder", {"src/top/t.cc": '#include "t.h"\n'})

    def test_refuses_a_missing_header(self):
        self.expect_error("does not exist", {"src/top/t.cc": '#include "base/none.h"\n'})
        made = {"src/top/t.cc": '#include "base/made.h"\n', "cmake/write_made.cmake": ""}
        self.assertEqual(self.run_on(made), (0, ""), "the build writes it")

    def test_refuses_heavy_headers_in_headers(self):
        self.expect_error("only in .cc files", {"src/top/t.h": "#include <nlohmann/json.hpp>\n"})
        self.assertEqual(self.run_on({"src/top/t.cc": "#include <nlohmann/json.hpp>\n"})[0], 0)


if __name__ == "__main__":
    unittest.main()
