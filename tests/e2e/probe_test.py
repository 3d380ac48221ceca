"""carat probe against the official implementation's numbers (tests/golden/text), and the shape of what it writes."""

import array
import json
import math

from carat_program import MODELS, SIZES, ProgramTest, golden_json, main, real_model
from containers import read_safetensors
from huge_model import machine_bytes, sparse_model

# What issue and goldens ask of `exact`: absolute, and root mean square of the difference over that of the reference.
MAX_ABS, MAX_RELATIVE_RMS = 1e-3, 2e-5
# Of GGUF files, whose reference has the dequantised weights: absolute.
MAX_ABS_GGUF = 1e-3


def ids_text(ids):
    return ",".join(map(str, ids))


class ProbeProgramTest(ProgramTest):
    def probe(self, model, *arguments, compute="exact", kv="f32"):
        """Tensors and metadata of the file, and its bytes."""
        out = self.folder / "out.safetensors"
        result = self.run_carat("probe", model, *arguments, "--compute", compute, "--kv", kv, "--out", out)
        self.assertEqual((result.returncode, result.stdout), (0, b""), result.stderr)
        first, *more = result.stderr.decode().splitlines()
        self.assertIn(str(out), first)
        for line in more:  # a large model's first start
            self.assertIn("packed weights kept in", line)
        tensors, metadata = read_safetensors(out)
        return tensors, metadata, out.read_bytes()

    def assert_close(self, actual, expected, name, max_abs=MAX_ABS, max_relative_rms=MAX_RELATIVE_RMS):
        self.assertEqual(len(actual), len(expected), name)
        differences = [a - b for a, b in zip(actual, expected)]
        self.assertLess(max(map(abs, differences)), max_abs, name)
        if max_relative_rms is not None:
            rms = math.sqrt(sum(d * d for d in differences)) / math.sqrt(sum(b * b for b in expected))
            self.assertLess(rms, max_relative_rms, name)


class ProbeTest(ProbeProgramTest):
    def test_logits_and_hidden_states_of_every_size(self):
        for size in SIZES:
            golden, _ = read_safetensors(MODELS / size / "expected.safetensors")
            ids = golden["p17.ids"].values().tolist()
            tensors, metadata, _ = self.probe(MODELS / size, "--ids", ids_text(ids), "--rows", "all", "--hidden",
                                              "--greedy", "32")
            self.assertEqual(tensors["ids"].dtype, "I64")
            self.assertEqual(tensors["ids"].values().tolist(), ids)
            self.assertEqual((tensors["logits"].dtype, tensors["logits"].shape), ("F32", [17, 512]))
            self.assert_close(tensors["logits"].values(), golden["p17.logits"].values(), f"{size} logits")

            n_states, rows, width = golden["p17.hidden"].shape
            hidden = golden["p17.hidden"].values()
            names = {name for name in tensors if name.startswith("hidden.")}
            self.assertEqual(names, {f"hidden.{i}" for i in range(n_states)}, size)
            for i in range(n_states):
                state = tensors[f"hidden.{i}"]
                self.assertEqual((state.dtype, state.shape), ("F32", [rows, width]))
                self.assert_close(state.values(), hidden[i * rows * width : (i + 1) * rows * width], f"{size} hidden.{i}")

            self.assertEqual((tensors["greedy_ids"].dtype, tensors["greedy_ids"].shape), ("I64", [32]))
            self.assertEqual(tensors["greedy_ids"].values().tolist(), golden["p17.greedy"].values().tolist(), size)
            self.assertEqual((metadata["compute"], metadata["kv"]), ("exact", "f32"))
            self.assertIn("model", metadata)

    def test_last_row_of_every_prompt(self):
        for size in SIZES:
            golden, _ = read_safetensors(MODELS / size / "expected.safetensors")
            for n in (1, 5, 40, 100):
                ids = golden[f"p{n}.ids"].values().tolist()
                tensors, _, _ = self.probe(MODELS / size, "--ids", ids_text(ids), "--greedy", "32", "--hidden")
                self.assertEqual(tensors["logits"].shape, [1, 512])
                self.assert_close(tensors["logits"].values(), golden[f"p{n}.logits"].values()[-512:], f"{size} p{n}")
                self.assertEqual(tensors["greedy_ids"].values().tolist(), golden[f"p{n}.greedy"].values().tolist())
                if n == 40:
                    n_states, width = golden["p40.hidden_last"].shape
                    states = array.array("f")
                    for i in range(n_states):
                        self.assertEqual(tensors[f"hidden.{i}"].shape, [1, width])
                        states.extend(tensors[f"hidden.{i}"].values())
                    self.assert_close(states, golden["p40.hidden_last"].values(), f"{size} hidden of the last row")

    def test_gguf_files(self):
        for size, weight_type in (("e2b", "q4_0"), ("12b-unified", "q4_0"), ("26b-a4b", "q8_0"), ("31b", "q4_k_m"),
                                  ("gemma3", "q8_0")):
            golden, _ = read_safetensors(MODELS / size / f"model-{weight_type}.safetensors")
            ids = golden["ids"].values().tolist()
            tensors, _, _ = self.probe(MODELS / size / f"model-{weight_type}.gguf", "--ids", ids_text(ids), "--rows",
                                       "all")
            self.assert_close(tensors["logits"].values()[-4 * 512 :], golden["logits"].values(), size, MAX_ABS_GGUF, None)

    def test_chunks_threads_and_isa_change_no_byte(self):
        for size in ("e2b", "26b-a4b", "gemma3"):
            ids = golden_json(f"text/{size}/expected.json")["prompts"]["100"]["ids"]
            arguments = ("--ids", ids_text(ids), "--rows", "all", "--hidden", "--greedy", "9")
            *_, whole = self.probe(MODELS / size, *arguments)
            for change in (("--chunk", "1"), ("--chunk", "7"), ("--chunk", "64"), ("--threads", "1"),
                           ("--threads", "2"), ("--threads", "3", "--chunk", "17")):
                *_, other = self.probe(MODELS / size, *arguments, *change)
                self.assertEqual(other, whole, (size, change))
            for isa in ("scalar", "avx2", "avx2vnni", "avx512"):
                self.environment["CARAT_ISA"] = isa
                if self.run_carat("probe", MODELS / size, "--ids", "2", "--out", self.folder / "x").returncode == 5:
                    continue  # this CPU does not have it
                *_, other = self.probe(MODELS / size, *arguments)
                self.assertEqual(other, whole, (size, isa))
            del self.environment["CARAT_ISA"]

    def test_fast(self):
        """Near to exact, the same bits everywhere, and the same arithmetic where weights are not quantised."""
        # Random weights of few columns feel the rounding of activations far more than a trained model does.
        for size, weight_type, largest in (("e2b", "q4_0", 0.15), ("26b-a4b", "q8_0", 0.2), ("31b", "q4_k_m", 0.07),
                                           ("gemma3", "q8_0", 0.06)):
            file = MODELS / size / f"model-{weight_type}.gguf"
            ids = ids_text(golden_json(f"text/{size}/expected.json")["prompts"]["40"]["ids"])
            exact, _, _ = self.probe(file, "--ids", ids, "--rows", "all")
            fast, metadata, whole = self.probe(file, "--ids", ids, "--rows", "all", compute="fast")
            self.assertEqual(metadata["compute"], "fast")
            exact, fast = exact["logits"].values(), fast["logits"].values()
            rms = math.sqrt(sum((a - b) ** 2 for a, b in zip(exact, fast)) / sum(a * a for a in exact))
            self.assertTrue(0 < rms < largest, (size, rms))
            for change in (("--chunk", "1"), ("--chunk", "7"), ("--threads", "1"), ("--threads", "3")):
                *_, other = self.probe(file, "--ids", ids, "--rows", "all", *change, compute="fast")
                self.assertEqual(other, whole, (size, change))
        ids = ids_text(golden_json("text/e4b/expected.json")["prompts"]["17"]["ids"])
        exact, _, _ = self.probe(MODELS / "e4b", "--ids", ids)
        fast, _, _ = self.probe(MODELS / "e4b", "--ids", ids, compute="fast")
        self.assertEqual(exact["logits"].data, fast["logits"].data)

    def test_rows_of_hidden_states_are_those_of_logits(self):
        ids = golden_json("text/e4b/expected.json")["prompts"]["17"]["ids"]
        every, _, _ = self.probe(MODELS / "e4b", "--ids", ids_text(ids), "--rows", "all", "--hidden")
        last, _, _ = self.probe(MODELS / "e4b", "--ids", ids_text(ids), "--rows", "last", "--hidden")
        self.assertEqual(set(every), set(last))
        for name in every:
            if name != "ids":
                self.assertEqual(last[name].shape[0], 1)
                self.assertEqual(last[name].row(0), every[name].row(16), name)

    def test_what_is_written_without_options(self):
        tensors, _, _ = self.probe(MODELS / "e2b", "--ids", "2")
        self.assertEqual(set(tensors), {"ids", "logits"})
        tensors, _, _ = self.probe(MODELS / "e2b", "--ids", "2", "--greedy", "0")
        self.assertEqual(set(tensors), {"ids", "logits"})

    def test_greedy_ignores_ends(self):
        for size in SIZES:
            tensors, _, _ = self.probe(MODELS / size, "--ids", "2", "--greedy", "200")
            self.assertEqual(len(tensors["greedy_ids"].values()), 200)

    def test_kv_types(self):
        ids = ids_text(golden_json("text/e2b/expected.json")["prompts"]["40"]["ids"])
        exact = self.probe(MODELS / "e2b", "--ids", ids)[0]["logits"].values()
        for kv, largest in (("f16", 0.05), ("bf16", 0.5)):
            tensors, metadata, _ = self.probe(MODELS / "e2b", "--ids", ids, kv=kv)
            self.assertEqual(metadata["kv"], kv)
            difference = max(abs(a - b) for a, b in zip(tensors["logits"].values(), exact))
            self.assertTrue(0 < difference < largest, (kv, difference))

    def test_ids_file(self):
        *_, expected = self.probe(MODELS / "e2b", "--ids", "2,10,55,7")
        for text in ("2,10,55,7", "2 10 55 7\n", "2, 10,\n55\t7\r\n", "\n 2,10 , 55,,7,\n"):
            *_, other = self.probe(MODELS / "e2b", "--ids-file", self.write("ids.txt", text))
            self.assertEqual(other, expected, text)
        *_, other = self.probe(MODELS / "e2b", "--ids", "2 10 55 7")
        self.assertEqual(other, expected)

    def test_messages(self):
        folder = self.copy_model("e2b")
        (folder / "chat_template.jinja").write_text("any")
        request = self.write("request.json", json.dumps({
            "messages": [{"role": "user", "content": "hello <bos> there"}], "add_generation_prompt": True}))
        ids = json.loads(self.ok("render", folder, request, "--json"))["ids"]
        tensors, _, by_messages = self.probe(folder, "--messages", request, "--greedy", "3")
        self.assertEqual(tensors["ids"].values().tolist(), ids)
        self.assertEqual(ids.count(2), 1, "the user's <bos> is text")
        *_, by_ids = self.probe(folder, "--ids", ids_text(ids), "--greedy", "3")
        self.assertEqual(by_messages, by_ids)

    def test_out_is_whole_or_not_there(self):
        """An earlier file stays when there is nothing to put in its place, and no part of one is left behind."""
        out = self.folder / "o" / "probe.safetensors"
        out.parent.mkdir()
        out.write_bytes(b"earlier")
        self.refused(2, "600", "probe", MODELS / "e2b", "--ids", "2,600", "--out", out)
        self.assertEqual(out.read_bytes(), b"earlier")
        self.ok("probe", MODELS / "e2b", "--ids", "2", "--out", out)
        self.assertEqual([path.name for path in out.parent.iterdir()], ["probe.safetensors"])
        read_safetensors(out)

    def test_out_that_cannot_be_written(self):
        nowhere = self.folder / "none" / "o.safetensors"
        self.refused(3, (nowhere, "folder"), "probe", MODELS / "e2b", "--ids", "2", "--out", nowhere)
        self.refused(6, self.folder, "probe", MODELS / "e2b", "--ids", "2", "--out", self.folder)

    def test_more_ids_than_the_context(self):
        folder = self.copy_model("e2b")
        config = json.loads((folder / "config.json").read_text())
        config["text_config"]["max_position_embeddings"] = 10
        (folder / "config.json").write_text(json.dumps(config))
        out = self.folder / "out"
        self.refused(8, ("11", "10"), "probe", folder, "--ids", ids_text([2] * 11), "--out", out)
        self.refused(8, ("12", "10"), "probe", folder, "--ids", ids_text([2] * 4), "--greedy", "8", "--out", out)
        self.ok("probe", folder, "--ids", ids_text([2] * 4), "--greedy", "6", "--out", out)

    def test_more_memory_than_the_machine_has(self):
        folder = sparse_model(self.copy_model("gemma3"), machine_bytes() + (8 << 30))
        self.refused(7, "memory and swap", "probe", folder, "--ids", "2", "--out", self.folder / "o")

    def test_a_drafter_is_no_model_to_probe(self):
        self.refused(5, "drafter", "probe", MODELS / "e2b-assistant", "--ids", "2", "--out", self.folder / "o")


class RealModelProbeTest(ProbeProgramTest):
    def test_first_step(self):
        prompt = golden_json("gemma3-270m/greedy-f32.json")["prompts"][0]
        tensors, _, _ = self.probe(real_model(), "--ids", ids_text(prompt["prompt_ids"]), "--greedy", "8")
        self.assertEqual(tensors["logits"].shape, [1, 262144])
        row = tensors["logits"].row(0)
        for id, logit in zip(prompt["top20_ids"], prompt["top20_logits"]):
            self.assertLess(abs(row[id] - logit), 0.02, id)
        self.assertEqual(tensors["greedy_ids"].values().tolist(), prompt["ids"][:8])


if __name__ == "__main__":
    main()
