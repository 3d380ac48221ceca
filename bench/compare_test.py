"""What bench/compare concludes from figures, and the files it makes: python3 compare_test.py. It measures nothing."""

import io
import pathlib
import random
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from compare_lib import criteria, engines, machine, models, report, rows, runs  # noqa: E402
from compare_lib.figures import Repetition, median, summarize  # noqa: E402
from synthetic import blocks, gguf_writer, shapes, vocabulary  # noqa: E402

ZEN5, ZEN4 = (machine.Processor("a", generation, 2) for generation in ("Zen 5", "Zen 4"))


def quiet(*values, share=0.0, peak=0.0):
    return summarize([Repetition(v, 0.01, peak, share) for v in values])


class FiguresTest(unittest.TestCase):
    def test_median(self):
        self.assertEqual(median([3, 1, 2]), 2)
        self.assertEqual(median([4, 1, 3, 2]), 2.5)
        self.assertRaises(ValueError, median, [])

    def test_only_quiet_repetitions_count(self):
        s = summarize([Repetition(10, 0.0), Repetition(1, 0.05), Repetition(12, 0.049), Repetition(2, 0.9)])
        self.assertEqual((s.median, s.least, s.most, s.n_quiet, s.n), (11, 10, 12, 2, 4))

    def test_all_count_where_none_is_quiet(self):
        s = summarize([Repetition(10, 0.5, 60, 0.2), Repetition(20, 0.6, 40, 0.4)])
        self.assertEqual((s.median, s.peak, s.n_quiet, s.n), (15, 50, 0, 2))
        self.assertAlmostEqual(s.share, 0.3)


class CriteriaTest(unittest.TestCase):
    def test_ratio(self):
        figures = {"carat": quiet(60), "llama": quiet(10)}
        self.assertIs(criteria.Faster("llama", 6).check(figures, ZEN5), True)
        self.assertIs(criteria.Faster("llama", 6.01).check(figures, ZEN5), False)
        self.assertIsNone(criteria.Faster("ik", 1).check(figures, ZEN5))
        self.assertIs(criteria.Faster("llama", 1).check({"carat": quiet(10), "llama": quiet(10)}, ZEN5), False)

    def test_ratio_of_the_processor(self):
        here = criteria.FasterHere("llama", 1.45, 1.8)
        figures = lambda ratio, peak: {"carat": quiet(10 * ratio, peak=peak), "llama": quiet(10)}
        self.assertIs(here.check(figures(1.5, 60), ZEN5), False)
        self.assertIs(here.check(figures(1.8, 60), ZEN5), True)
        self.assertIs(here.check(figures(1.5, 60), ZEN4), True)
        self.assertIs(here.check(figures(1.4, 60), ZEN4), False)
        self.assertIsNone(here.check(figures(1.4, 36), ZEN4), "both cores on one path: it does not apply")

    def test_share_time_and_memory(self):
        figures = {"carat": quiet(1.0, share=0.8)}
        self.assertIs(criteria.ShareOfPeak(0.8, "x").check(figures, ZEN5), True)
        self.assertIs(criteria.ShareOfPeak(0.81, "x").check(figures, ZEN5), False)
        self.assertIs(criteria.AtMost(1.0, "s").check(figures, ZEN5), True)
        self.assertIs(criteria.AtMost(0.99, "s").check(figures, ZEN5), False)

    def test_start_is_held_against_the_quickest_way(self):
        figures = {"carat": quiet(1.0), "llama": quiet(4.0), "llama-mapped": quiet(1.5)}
        self.assertIs(criteria.Sooner(0.5, ("llama",)).check(figures, ZEN5), True)
        self.assertIs(criteria.Sooner(0.5, ("llama", "llama-mapped")).check(figures, ZEN5), False)
        self.assertIs(criteria.Sooner(1, ("llama", "llama-mapped")).check(figures, ZEN5), True)
        self.assertIsNone(criteria.Sooner(1, ("llama",)).check({"carat": quiet(1.0)}, ZEN5))

    def test_busy(self):
        figures = {"carat": quiet(20), "carat+1": quiet(12), "carat+2": quiet(6)}
        self.assertIs(criteria.OfOwnQuiet("carat+1", 0.6).check(figures, ZEN5), True)
        self.assertIs(criteria.OfOwnQuiet("carat+2", 0.35).check(figures, ZEN5), False)

    def test_verdict(self):
        figures = {"carat": quiet(30, share=0.5), "llama": quiet(10)}
        judge = lambda *c: criteria.verdict(c, figures, ZEN5)
        self.assertEqual(judge(criteria.Faster("llama", 3), criteria.ShareOfPeak(0.5, "x")), "yes")
        self.assertEqual(judge(criteria.Faster("llama", 3), criteria.ShareOfPeak(0.6, "x")), "no: ≥ 60 % of x")
        self.assertEqual(judge(criteria.Faster("llama", 4)), "no")
        self.assertEqual(judge(criteria.Faster("ik", 4)), "-")
        self.assertEqual(judge(), "-")
        both = judge(criteria.FasterHere("llama", 1.45, 3.5), criteria.Faster("llama", 1))
        self.assertEqual(both, "no: ≥ 3.5x llama.cpp (all of the bandwidth would give 6.00x)")


class TurnTest(unittest.TestCase):
    def turn(self, others, wanted, patience=100):
        clock = iter(range(1000))  # a second passes at each look
        left = iter(others)
        return runs.take_turn(lambda: Repetition(1, next(left)), wanted, patience, wait=lambda _: None,
                              clock=lambda: next(clock))

    def test_goes_on_until_quiet(self):
        self.assertEqual(len(self.turn([0, 0, 0], 2)), 2)
        self.assertEqual(len(self.turn([0.5, 0, 0.5, 0], 2)), 4)

    def test_ends_when_nothing_gets_quiet(self):
        self.assertEqual(len(self.turn([0.5] * 9, 2)), 6)
        self.assertEqual(len(self.turn([0.5] * 9, 2, patience=0)), 2)


class RowsTest(unittest.TestCase):
    def test_the_table(self):
        names = [row.name for row in rows.ROWS]
        self.assertEqual(len(names), len(set(names)))
        for row in rows.ROWS:
            with self.subTest(row=row.name):
                self.assertTrue(row.must and row.aim)
                self.assertTrue(row.model in models.SYNTHETIC or row.model in ("270m", "26b-a4b-q4_0"))
                for criterion in (*row.must, *row.aim):
                    if hasattr(criterion, "peer"):
                        self.assertIn(criterion.peer, row.peers)

    def test_choose(self):
        chosen = rows.choose(rows.ROWS, ["e2b-tg0", "e2b-pp512"])
        self.assertEqual([row.name for row in chosen], ["e2b-pp512", "e2b-tg0"])
        self.assertEqual(rows.choose(rows.ROWS, []), list(rows.ROWS))
        self.assertRaisesRegex(ValueError, 'no row "e2b-tg"', rows.choose, rows.ROWS, ["e2b-tg"])

    def test_requests(self):
        by_name = {row.name: row for row in rows.ROWS}
        for name, test, request in (("e2b-pp512", "pp512", "pp 512"), ("e2b-tg32768", "tg64@32768", "tg 64 32768"),
                                    ("e2b-seqs8", "tg64x8@0", "seqs 64 8")):
            self.assertEqual(engines.bench_test(by_name[name]), test)
            self.assertEqual(engines.peer_request(by_name[name]), request)

    def test_lines_of_carat_bench(self):
        line = {"test": "tg64@0", "repetitions": [{"speed": 30.0, "rate": 40.0, "peak": 50.0, "others": 0.01}]}
        found = engines.repetitions_of([{"test": "load"}, line], "tg64@0")
        self.assertEqual(found, [Repetition(30.0, 0.01, 50.0, 0.8)])
        self.assertRaisesRegex(engines.EngineError, "pp512", engines.repetitions_of, [line], "pp512")

    def test_cells(self):
        figures = {"carat": quiet(60, share=0.5, peak=2000), "llama": quiet(10), "ik": quiet(15)}
        cells = report.cells(rows.ROWS[0], figures, ZEN5, 30)
        self.assertEqual(cells[:6], ("E2B q4_0 pp512", "60.0", "10.00", "6.00x", "15.00", "4.00x"))
        self.assertEqual(cells[6:8], ("50 % of 2000", "1/1/1"))
        self.assertEqual((cells[9], cells[11][:3]), ("yes", "no:"))
        start = next(row for row in rows.ROWS if row.kind == "first_start")
        figures = {"carat": quiet(1.0), "llama": quiet(2.5), "llama-mapped": quiet(1.5)}
        self.assertEqual(report.cells(start, figures, ZEN5, 30)[1:4], ("1.00 s", "2.50 s (mapped 1.50 s)", "1.50x"))

    def test_processor(self):
        def read(vendor, family, model):
            fields = f"vendor_id : {vendor}\ncpu family : {family}\nmodel : {model}\nmodel name : X\n"
            return machine.processor(fields + "\nvendor_id : other\n").generation

        self.assertEqual(read("AuthenticAMD", 26, 2), "Zen 5")
        self.assertEqual(read("AuthenticAMD", 25, 17), "Zen 4")
        self.assertEqual(read("AuthenticAMD", 25, 1), "other")  # Zen 3
        self.assertEqual(read("GenuineIntel", 6, 207), "Intel")


class SyntheticTest(unittest.TestCase):
    def test_blocks_are_about_normal(self):
        def half(data):
            return struct.unpack("<e", bytes(data))[0]

        decode = {
            blocks.Q4_0: lambda b: [half(b[:2]) * (n - 8) for x in b[2:] for n in (x & 15, x >> 4)],
            blocks.Q8_0: lambda b: [half(b[:2]) * x for x in struct.unpack("32b", b[2:])],
            blocks.BF16: lambda b: [struct.unpack("<f", bytes(2) + b)[0]],
            blocks.F32: lambda b: [struct.unpack("<f", b)[0]],
            blocks.Q6_K: lambda b: [half(b[208:]) * b[192] * ((b[i] & 15 | (b[128 + i] & 3) << 4) - 32)
                                    for i in range(16)],
            blocks.Q4_K: lambda b: [half(b[:2]) * (b[4] & 63) * (x & 15) - half(b[2:4]) * (b[8] & 63)
                                    for x in b[16:48]],
        }
        for kind, values_of in decode.items():
            with self.subTest(type=kind.name):
                file = io.BytesIO()
                n_blocks, size = (20000 if kind.n_elements == 1 else 2000), kind.n_bytes
                blocks.Pool(kind, random.Random(1)).write(file, n_blocks * kind.n_elements)
                data = file.getvalue()
                self.assertEqual(len(data), n_blocks * size)
                values = [v for at in range(0, len(data), size) for v in values_of(data[at : at + size])]
                mean = sum(values) / len(values)
                sigma = (sum(v * v for v in values) / len(values)) ** 0.5
                self.assertLess(abs(mean), 0.1 * sigma)
                self.assertAlmostEqual(sigma, blocks.SIGMA, delta=0.25 * blocks.SIGMA)

    def test_sizes(self):
        """Bytes of all tensors as real conversions have them."""
        for size, quantisation, gigabytes in (("e2b", "q4_0", 3.334), ("e2b", "q4_k_m", 3.400), ("e4b", "bf16", 14.927),
                                              ("26b-a4b", "q4_0", 14.424), ("26b-a4b", "q4_k_m", 16.774),
                                              ("31b", "q8_0", 32.620)):
            total = sum(t.n_bytes() for t in shapes.tensors(shapes.SHAPES[size], quantisation))
            self.assertAlmostEqual(total / 1e9, gigabytes, places=3)

    def test_dead_kv_and_fewer_layers(self):
        names = lambda dead: {t.name for t in shapes.tensors(shapes.SHAPES["e2b"], "q4_0", dead)}
        dead = {name.split(".")[2] for name in names(True) - names(False)}
        self.assertEqual(dead, {"attn_k", "attn_v", "attn_k_norm"})
        self.assertEqual(shapes.fewer_layers(shapes.SHAPES["26b-a4b"], 12).n_layers, 12)
        self.assertRaises(ValueError, shapes.fewer_layers, shapes.SHAPES["26b-a4b"], 10)
        self.assertRaises(ValueError, shapes.fewer_layers, shapes.SHAPES["e2b"], 10)

    def test_merges(self):
        pieces = ["\t", "\t\t", "\t\t\t", "a", "b", "ab", "aba", "<x>"]
        types = [vocabulary.NORMAL] * 7 + [vocabulary.CONTROL]
        merges = vocabulary.merges_of(pieces, types, [0, 0, 0, 0, 0, -1.0, -2.0, 0])
        self.assertEqual(merges, ["\t\t \t", "\t \t\t", "\t \t", "a b", "ab a"])

    def test_file(self):
        shape = shapes.Shape(64, 128, 2, 2, 2, 1, context=64, window=8, head_dim=32, global_head_dim=64)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.gguf"
            small, shapes.VOCAB_SIZE = shapes.VOCAB_SIZE, 16
            pool, blocks.POOL_BYTES = blocks.POOL_BYTES, 1 << 16
            try:
                gguf_writer.write_model(path, "a", shape, "q8_0", {})
            finally:
                shapes.VOCAB_SIZE, blocks.POOL_BYTES = small, pool
            gguf = gguf_writer.Gguf.read(path)
        self.assertEqual(gguf.metadata["gemma4.block_count"][1], 2)
        self.assertEqual(gguf.metadata["gemma4.attention.sliding_window_pattern"][1][1], [True, False])
        self.assertEqual(gguf.tensors["token_embd.weight"].dims, [64, 16])
        self.assertEqual(len(gguf.tensors["blk.1.ffn_down.weight"].data), 128 * 64 // 32 * 34)


if __name__ == "__main__":
    unittest.main()
