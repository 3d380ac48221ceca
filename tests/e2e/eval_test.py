"""carat eval: perplexity of a text and the distance from a reference, as the official implementation's numbers and
float32 arithmetic on the real model have them."""

import array
import json
import math

from carat_program import GOLDEN, MODELS, SIZES, ProgramTest, golden_json, main, real_model
from containers import Tensor, read_safetensors, safetensors_bytes

FIELDS = ["model", "compute", "kv", "isa", "n_tokens", "n_windows", "n_predicted", "perplexity", "mean_nll", "against"]
AGAINST_FIELDS = ["reference", "perplexity", "mean_nll", "mean_kl", "kl_p999", "max_kl", "same_top",
                  "mean_abs_nll_difference", "worst"]


def softmax_logs(row):
    largest = max(row)
    log_sum = math.log(sum(math.exp(l - largest) for l in row))
    return [l - largest - log_sum for l in row]


class EvalProgramTest(ProgramTest):
    def eval(self, *arguments, **options):
        return json.loads(self.ok("eval", *arguments, "--json", **options))

    def text(self, size="e2b"):
        """The text of a model's golden: 99 tokens and <bos>."""
        return self.write("text.txt", golden_json(f"text/{size}/expected.json")["nll"]["text"])

    def ids(self, model, text, bos="2"):
        return bos + " " + self.ok("tokenize", model, text)

    def save(self, model, ids, *options, name="saved.safetensors"):
        out = self.folder / name
        self.ok("probe", model, "--ids-file", self.write("ids.txt", ids), "--rows", "all", "--out", out, *options)
        return out


class SmallModelsTest(EvalProgramTest):
    def test_perplexity_of_the_official_implementation(self):
        for size in SIZES:
            golden = golden_json(f"text/{size}/expected.json")["nll"]
            result = self.eval(MODELS / size, self.text(size), "--compute", "exact", "--kv", "f32")
            self.assertEqual(list(result), FIELDS)
            self.assertEqual((result["n_tokens"], result["n_predicted"], result["n_windows"]), (100, 99, 1))
            self.assertEqual((result["compute"], result["kv"], result["against"]), ("exact", "f32", None))
            self.assertAlmostEqual(result["mean_nll"], golden["mean"], delta=2e-5)
            self.assertAlmostEqual(result["perplexity"] / golden["perplexity"], 1, delta=2e-5)

    def test_fast_against_exact_by_hand(self):
        """What eval says is what two files of probe say when somebody else does the sums."""
        model = MODELS / "12b-unified" / "model-q4_0.gguf"
        folder = MODELS / "12b-unified"
        ids = self.ids(folder, self.text("12b-unified"))
        saved = {}
        for compute in ("exact", "fast"):
            path = self.save(model, ids, "--compute", compute, "--kv", "f32", name=compute)
            saved[compute] = read_safetensors(path)[0]["logits"]
        numbers = [int(id) for id in ids.split()]
        kls, differences, same, nlls = [], [], 0, []
        for i, following in enumerate(numbers[1:]):
            p, q = softmax_logs(saved["exact"].row(i)), softmax_logs(saved["fast"].row(i))
            kls.append(sum(math.exp(a) * (a - b) for a, b in zip(p, q)))
            differences.append(abs(p[following] - q[following]))
            same += p.index(max(p)) == q.index(max(q))
            nlls.append(-q[following])
        # A GGUF file of the tests may be without a tokenizer: the saved ids serve.
        result = self.eval(model, "--against", self.folder / "exact", "--compute", "fast", "--kv", "f32")
        against = result["against"]
        self.assertEqual(list(against), AGAINST_FIELDS)
        n = len(kls)
        self.assertEqual(result["n_predicted"], n)
        self.assertAlmostEqual(result["mean_nll"], sum(nlls) / n, delta=1e-9)
        self.assertAlmostEqual(against["mean_kl"], sum(kls) / n, delta=1e-9)
        self.assertAlmostEqual(against["max_kl"], max(kls), delta=1e-9)
        self.assertAlmostEqual(against["kl_p999"], sorted(kls)[math.ceil(0.999 * n) - 1], delta=1e-9)
        self.assertEqual(against["same_top"], same / n)
        self.assertAlmostEqual(against["mean_abs_nll_difference"], sum(differences) / n, delta=1e-9)
        self.assertGreater(against["mean_kl"], 0, "fast is not exact")

    def test_every_way_to_name_the_reference(self):
        model, text = MODELS / "e2b", self.text()
        named = self.eval(model, text, "--kv", "bf16", "--against", "exact")["against"]
        other = self.eval(model, text, "--kv", "bf16", "--against", model)["against"]
        saved_file = self.save(model, self.ids(model, text), "--compute", "exact", "--kv", "f32")
        saved = self.eval(model, text, "--kv", "bf16", "--against", saved_file)["against"]
        without_text = self.eval(model, "--kv", "bf16", "--against", saved_file)["against"]
        self.assertIn("saved logits", saved["reference"])
        self.assertIn("exact, K/V f32", saved["reference"])
        self.assertEqual(saved, without_text)
        for result in (named, other, saved):
            result.pop("reference")
        self.assertEqual(named, other)
        self.assertEqual(named, saved)
        self.assertGreater(named["mean_kl"], 0)

    def test_a_model_is_no_distance_from_itself(self):
        against = self.eval(MODELS / "gemma3", self.text("gemma3"), "--compute", "exact", "--kv", "f32", "--against",
                            "exact")["against"]
        self.assertEqual((against["max_kl"], against["same_top"], against["mean_abs_nll_difference"]), (0, 1, 0))

    def test_chunks_and_threads_change_no_digit(self):
        arguments = (MODELS / "26b-a4b", self.text("26b-a4b"), "--kv", "f16", "--against", "exact")
        whole = self.eval(*arguments)
        for change in (("--chunk", "1"), ("--chunk", "7"), ("--chunk", "4096"), ("--threads", "1"), ("--threads", "3")):
            self.assertEqual(self.eval(*arguments, *change), whole, change)

    def test_windows(self):
        model, text = MODELS / "e2b", self.text()
        ids = self.ids(model, text, bos="").split()
        self.assertEqual(len(ids), 99)
        result = self.eval(model, text, "--context", "34", "--window", "--compute", "exact", "--kv", "f32")
        self.assertEqual((result["n_windows"], result["n_tokens"], result["n_predicted"]), (3, 102, 99))
        nll = 0
        for first in (0, 33, 66):
            piece = [2, *map(int, ids[first : first + 33])]
            saved = self.save(model, " ".join(map(str, piece)), "--compute", "exact", "--kv", "f32")
            part = self.eval(model, "--against", saved, "--compute", "exact", "--kv", "f32")
            self.assertEqual(part["n_predicted"], len(piece) - 1)
            nll += part["mean_nll"] * part["n_predicted"]
        self.assertAlmostEqual(result["mean_nll"], nll / 99, delta=1e-12)
        self.assertEqual(self.eval(model, text, "--window"), self.eval(model, text), "it fits")

    def test_text_from_stdin_and_output_for_people(self):
        model, text = MODELS / "e2b", self.text()
        with open(text, "rb") as file:
            content = file.read()
        shown = self.ok("eval", model, "-", "--against", "exact", "--kv", "f16", stdin=content)
        self.assertEqual(shown, self.ok("eval", model, text, "--against", "exact", "--kv", "f16"))
        result = self.eval(model, text, "--against", "exact", "--kv", "f16")
        for words in (f"{result['perplexity']:.5f}", f"{result['mean_nll']:.6f}", "100, 99 predicted",
                      "against exact, K/V f32", f"{result['against']['mean_kl']:.4e}"):
            self.assertIn(words, shown)


class RefusalsTest(EvalProgramTest):
    def test_a_text_longer_than_the_context(self):
        model, text = MODELS / "e2b", self.text()
        self.refused(8, ("100 tokens", "99", "--window"), "eval", model, text, "--context", "99")
        self.eval(model, text, "--context", "100")
        folder = self.copy_model("e2b")
        config = json.loads((folder / "config.json").read_text())
        config["text_config"]["max_position_embeddings"] = 50
        (folder / "config.json").write_text(json.dumps(config))
        self.refused(8, ("100 tokens", "50", "--window"), "eval", folder, text)
        self.refused(8, ("--context 51", "50"), "eval", folder, text, "--context", "51")
        self.assertEqual(self.eval(folder, text, "--window")["n_windows"], 3)

    def test_no_text_to_speak_of(self):
        model = MODELS / "e2b"
        self.refused(2, ("TEXT", "--against"), "eval", model)
        self.refused(2, ("TEXT", "--against"), "eval", model, "--against", "exact")
        self.refused(2, ("empty.txt", "two"), "eval", model, self.write("empty.txt", ""))
        self.refused(3, "none.txt", "eval", model, self.folder / "none.txt")
        self.refused(6, self.folder, "eval", model, self.folder)

    def test_saved_logits_of_something_else(self):
        model, text = MODELS / "e2b", self.text()
        ids = self.ids(model, text)
        saved = self.save(model, ids)
        other = self.write("other.txt", "another text of words")
        self.refused(2, (saved, "another text", "position"), "eval", model, other, "--against", saved)
        without_bos = self.save(model, self.ids(model, text, bos=""), name="without")
        self.refused(2, ("position 0", "id 2"), "eval", model, text, "--against", without_bos)
        self.refused(2, ("--window", "saved"), "eval", model, text, "--against", saved, "--window", "--context", "20")
        out = self.folder / "last"
        self.ok("probe", model, "--ids", "2,10,55", "--out", out)
        self.refused(2, (out, "1 rows", "3 ids", "--rows all"), "eval", model, text, "--against", out)

    def test_broken_saved_logits(self):
        model, text = MODELS / "e2b", self.text()
        whole = self.save(model, self.ids(model, text)).read_bytes()
        cut = self.write("cut", whole[:-1000])
        self.refused(4, cut, "eval", model, text, "--against", cut)
        tensors, _ = read_safetensors(self.folder / "saved.safetensors")
        small = self.write("small", safetensors_bytes({"ids": Tensor("I64", [2], array.array("q", [1, 0]).tobytes()),
                                                       "logits": Tensor("F32", [2, 2], bytes(16))}))
        self.refused(2, ("2 tokens", "512"), "eval", model, "--against", small)
        values = tensors["logits"].values()
        values[5] = math.nan
        tensors["logits"].data = values.tobytes()
        bad = self.write("bad", safetensors_bytes(tensors))
        self.refused(5, ("position 0", "reference", "finite"), "eval", model, text, "--against", bad, said_before=True)

    def test_models_that_cannot_be_compared(self):
        model, text = MODELS / "e2b", self.text()
        self.refused(3, "nowhere", "eval", model, text, "--against", "nowhere")
        self.refused(5, "drafter", "eval", model, text, "--against", MODELS / "e2b-assistant")
        self.refused(5, "drafter", "eval", MODELS / "e2b-assistant", text)
        self.refused(2, ("vocabulary of 262144", "512"), "eval", model, text, "--against", real_model())

    def test_values_of_options(self):
        model, text = MODELS / "e2b", self.text()
        for words, *arguments in ((("--kv", "q8"), "--kv", "q8"), ("--compute", "--compute", "slow"),
                                  ("--chunk", "--chunk", "0"), ("--context", "--context", "1"),
                                  ("--threads", "--threads", "0"), ("--max-memory", "--max-memory", "much")):
            self.refused(2, words, "eval", model, text, *arguments, said_before=True)
        self.refused(7, ("--max-memory", "plan"), "eval", model, text, "--max-memory", "1M", said_before=True)


class RealModelEvalTest(EvalProgramTest):
    def test_fast_against_exact(self):
        """Point 2 of tests/golden/gemma3-270m/README.md, and the divergence that `fast` may have."""
        golden = golden_json("gemma3-270m/perplexity.json")
        result = self.eval(real_model(), GOLDEN / "gemma3-270m" / "text.txt", "--compute", "fast", "--against", "exact")
        against = result["against"]
        self.assertEqual((result["n_tokens"], result["n_predicted"]), (2012, 2011))
        self.assertAlmostEqual(against["perplexity"], golden["float32"]["ppl"], delta=0.01)
        self.assertLess(abs(result["mean_nll"] / golden["float32"]["mean_nll"] - 1), 0.007)
        self.assertTrue(0 < against["mean_kl"] <= 5e-3, against)
        self.assertLessEqual(against["mean_abs_nll_difference"], 0.08)


if __name__ == "__main__":
    main()
