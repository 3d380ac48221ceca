"""carat bench: the lines scripts read are there, whole, and hang together. How fast anything is, is not tested."""

import json

from carat_program import MODELS, ProgramTest, main

GGUF = MODELS / "e2b" / "model-q4_0.gguf"
FIELDS = ["test", "median", "min", "max", "n_quiet", "share_of_peak", "peak", "others", "rate", "unit",
          "repetitions"]
QUICK = ("--reps", "1", "--patience", "0")
USAGE, LIMIT = 2, 8


class BenchTest(ProgramTest):
    def bench(self, *arguments):
        lines = [json.loads(line) for line in self.ok("bench", *arguments, *QUICK, "--json").splitlines()]
        for line in lines:
            with self.subTest(test=line["test"]):
                self.assertEqual([name for name in line if name != "peak_memory"], FIELDS)
                self.assertGreater(line["min"], 0)
                self.assertLessEqual(line["min"], line["median"])
                self.assertLessEqual(line["median"], line["max"])
                self.assertIn(line["n_quiet"], (0, 1))
                self.assertGreater(line["peak"], 0)
                self.assertGreater(line["rate"], 0)
                self.assertAlmostEqual(line["share_of_peak"], line["rate"] / line["peak"], places=9)  # one repetition
                self.assertTrue(0 <= line["others"] <= 1)
                self.assertEqual([r["speed"] for r in line["repetitions"]], [line["median"]])
                self.assertEqual(set(line["repetitions"][0]), {"speed", "rate", "peak", "others"})
                self.assertEqual("peak_memory" in line, line["test"] == "load")
        return lines

    def test_lines(self):
        lines = self.bench(GGUF, "--pp", "40,300", "--tg", "4@0,3@100", "--seqs", "3", "--compute", "fast", "--threads",
                           "2", "--kv", "f16")
        self.assertEqual([line["test"] for line in lines],
                         ["pp40", "pp300", "tg4@0", "tg3@100", "tg4x3@0", "tg3x3@0", "load"])
        units = [line["unit"] for line in lines]
        self.assertEqual(units[:4] + units[-1:], ["Gop/s", "Gop/s", "GB/s", "GB/s", "GB/s"])
        self.assertGreater(lines[-1]["peak_memory"], 1 << 20)

    def test_what_is_counted(self):
        """The rate is the speed times what one token costs, and that is a function of the model alone."""
        prompt, shallow, deep = self.bench(MODELS / "26b-a4b", "--pp", "64", "--tg", "4@0,4@400", "--threads", "1")[:3]
        cost = [line["rate"] / line["median"] for line in (prompt, shallow, deep)]
        again = self.bench(MODELS / "26b-a4b", "--pp", "64", "--tg", "4@0,4@400", "--threads", "2")
        for line, expected in zip(again, cost):
            self.assertAlmostEqual(line["rate"] / line["median"] / expected, 1, places=9)
        config = json.loads((MODELS / "26b-a4b" / "config.json").read_text())["text_config"]
        seen = lambda position, layer: (min(position + 1, config["sliding_window"])
                                        if layer == "sliding_attention" else position + 1)
        keys = lambda layer: ((config["num_global_key_value_heads"], config["global_head_dim"])
                              if layer == "full_attention" else (config["num_key_value_heads"], config["head_dim"]))
        more = sum(4 * keys(layer)[0] * keys(layer)[1] * (seen(400 + i, layer) - seen(i, layer))
                   for layer in config["layer_types"] for i in range(4)) / 4
        self.assertAlmostEqual((cost[2] - cost[1]) * 1e9 / more, 1, places=6)  # K and V, f16

    def test_one_test_and_the_table(self):
        self.assertEqual([line["test"] for line in self.bench(GGUF, "--pp", "", "--tg", "2")], ["tg2@0", "load"])
        table = self.ok("bench", GGUF, "--pp", "8", "--tg", "", *QUICK)
        self.assertEqual([line.split()[0] for line in table.splitlines()], ["test", "pp8", "load", "peak"])

    def test_refusals(self):
        for words, arguments in (
            (("--pp", "x", "512"), ("--pp", "x")),
            (("--tg", "64@", "64@0"), ("--tg", "64@")),
            ("nothing to measure", ("--pp", "", "--tg", "")),
            (("--seqs", "--tg"), ("--seqs", "2", "--tg", "")),
            (("--kv", "q8"), ("--kv", "q8")),
        ):
            self.refused(USAGE, words, "bench", GGUF, *arguments)
        self.refused(LIMIT, ("positions", "context"), "bench", GGUF, "--pp", "99999999")
        self.refused(7, ("plan", "--max-memory"), "bench", GGUF, "--max-memory", "1M")


if __name__ == "__main__":
    main()
