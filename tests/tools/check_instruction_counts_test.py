"""What tools/check_instruction_counts makes of a disassembly. Usage: check_instruction_counts_test.py"""

import importlib.machinery
import importlib.util
import pathlib
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_instruction_counts"
loader = importlib.machinery.SourceFileLoader("check_instruction_counts", str(TOOL))
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(tool)

# An outer loop 10 ... 38 with two loops inside: 14 ... 20 with one dot, 24 ... 34 with two dots and a store.
TEXT = """
avx512.cc.o:     file format elf64-x86-64

0000000000000010 <ns::kernel<(F)3, 1>(int*)>:
  10:\txor    %eax,%eax
  14:\tvmovdqu64 (%rsi),%zmm1
  18:\tvpdpbusd (%rdi){1to16},%zmm1,%zmm0
  20:\tjne    14 <ns::kernel<(F)3, 1>(int*)+0x4>
  24:\tvpdpbusd (%rdi){1to16},%zmm1,%zmm0
  28:\tvmovdqa64 %zmm0,0x40(%rsp,%rax,4)
  2c:\tvpdpbusd %zmm2,%zmm1,%zmm3
  30:\tvmovdqu32 (%rdx),%zmm4
  34:\tjb     24 <ns::kernel<(F)3, 1>(int*)+0x14>
  38:\tjne    10 <ns::kernel<(F)3, 1>(int*)>
  3c:\tret

0000000000000040 <ns::straight()>:
  40:\tvpdpbusd (%rdi){1to16},%zmm1,%zmm0
  44:\tret
"""


class CheckInstructionCountsTest(unittest.TestCase):
    def setUp(self):
        self.functions = tool.functions(TEXT)

    def test_functions_by_name(self):
        self.assertEqual({name: len(body) for name, body in self.functions.items()},
                         {"ns::kernel<(F)3, 1>(int*)": 11, "ns::straight()": 2})

    def test_the_hot_loop_is_the_inner_one_with_the_most_dots(self):
        body = self.functions["ns::kernel<(F)3, 1>(int*)"]
        self.assertEqual(tool.hot_loop([body]), {"dots": 2, "instructions": 5, "stores": 1})
        self.assertIsNone(tool.hot_loop([self.functions["ns::straight()"]]))

    def test_stores_of_vector_registers(self):
        for mnemonic, operands, store in (("vmovups", "%zmm9,-0x80(%rbp)", True), ("vmovaps", "%ymm1,(%rsp)", True),
                                          ("vmovups", "0x40(%rsp),%zmm9", False), ("mov", "%rax,0x8(%rsp)", False),
                                          ("vmovdqa64", "%zmm1,0x40(%rsp,%rax,1)", True),
                                          ("vmovaps", "%zmm9,%zmm1", False),
                                          ("vfmadd231ps", "0x8(%rdi){1to16},%zmm1,%zmm2", False)):
            self.assertEqual(tool.is_store(mnemonic, operands), store, operands)

    def test_what_differs_is_named(self):
        table = {"symbol": "f", "dots": 8, "instructions": 100, "stores": 0}
        self.assertEqual(tool.compare("f", table, {**table, "instructions": 102}), [])
        for changed in ({"instructions": 103}, {"instructions": 97}, {"stores": 1}, {"dots": 7}):
            self.assertEqual(len(tool.compare("f", table, {**table, **changed})), 1, changed)
        self.assertEqual(len(tool.compare("avx2", {"Q4_0/1": 10}, {})), 1)


if __name__ == "__main__":
    unittest.main()
