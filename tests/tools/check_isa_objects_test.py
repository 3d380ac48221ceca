"""tools/check_isa_objects finds what it says it finds. Usage: check_isa_objects_test.py CXX"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_isa_objects"
CXX = sys.argv.pop(1)

CLEAN = "namespace carat::kernels::fast { extern const int kTable; const int kTable = 1; }"
TEMPLATE = """#include <vector>
namespace carat::kernels::fast { int last(std::vector<int>& v) { v.push_back(3); return v.back(); } }"""
SHARED_INLINE = """namespace carat::kernels { inline int tile(int n) { return n / 16; } }
namespace carat::kernels::fast { int f(int n) { return tile(n); } }"""


class CheckIsaObjectsTest(unittest.TestCase):
    def run_on(self, source):
        with tempfile.TemporaryDirectory() as build:
            objects = pathlib.Path(build, "src/kernels/CMakeFiles/x.dir/targets")
            objects.mkdir(parents=True)
            if source:
                subprocess.run([CXX, "-std=c++20", "-O0", "-x", "c++", "-c", "-", "-o", objects / "fast.cc.o"],
                               input=source, text=True, check=True)
            result = subprocess.run([TOOL, build], capture_output=True, text=True)
            return result.returncode, result.stderr

    def test_accepts_symbols_of_its_own_namespace(self):
        self.assertEqual(self.run_on(CLEAN), (0, ""))

    def test_finds_standard_templates(self):
        code, errors = self.run_on(TEMPLATE)
        self.assertEqual(code, 1)
        self.assertIn("weak symbol", errors)

    def test_finds_shared_inline_functions(self):
        code, errors = self.run_on(SHARED_INLINE)
        self.assertEqual(code, 1)
        self.assertIn("carat::kernels::tile", errors)

    def test_does_not_pass_without_objects(self):
        self.assertEqual(self.run_on(None)[0], 1)


if __name__ == "__main__":
    unittest.main()
