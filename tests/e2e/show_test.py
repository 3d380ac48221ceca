"""carat show: the fields of --json that scripts rely on, and the table for people."""

import json

from carat_program import MODELS, SIZES, ProgramTest, main, real_model

FIELDS = {"name", "path", "architecture", "chat_format", "n_layers", "d_model", "vocab_size", "context_length", "ple_dim",
          "n_experts", "top_k_experts", "final_logit_softcap", "layers", "tensor_types", "memory_plan"}
LAYER_FIELDS = {"n_layers", "first", "attention", "window", "n_heads", "n_kv_heads", "head_dim", "d_ff", "owns_kv",
                "v_is_k", "rope_base"}
TYPE_FIELDS = {"type", "n_tensors", "n_elements", "file_bytes", "kept_as", "memory_bytes"}
PLAN_FIELDS = {"context", "kv_type", "weights", "kv", "step", "tokenizer", "program", "total"}
PARTS = ("weights", "kv", "step", "tokenizer", "program")


class ShowTest(ProgramTest):
    def shown(self, *arguments):
        return json.loads(self.ok("show", *arguments, "--json"))

    def test_fields(self):
        for size in SIZES:
            shown = self.shown(MODELS / size)
            self.assertEqual(set(shown), FIELDS)
            self.assertTrue(all(set(layer) == LAYER_FIELDS for layer in shown["layers"]))
            self.assertTrue(all(set(entry) == TYPE_FIELDS for entry in shown["tensor_types"]))
            self.assertEqual(set(shown["memory_plan"]), PLAN_FIELDS)
            self.assertEqual(shown["path"], str(MODELS / size))
            self.assertIsNone(shown["chat_format"], "the small models have no template")
            self.assertEqual(sum(layer["n_layers"] for layer in shown["layers"]), shown["n_layers"])

    def test_values_are_those_of_the_config(self):
        for size in SIZES:
            shown = self.shown(MODELS / size)
            config = json.loads((MODELS / size / "config.json").read_text())
            config = config.get("text_config", config)
            self.assertEqual(shown["architecture"], "gemma3" if size == "gemma3" else "gemma4")
            for field, key in (("n_layers", "num_hidden_layers"), ("d_model", "hidden_size"),
                               ("vocab_size", "vocab_size"), ("context_length", "max_position_embeddings")):
                self.assertEqual(shown[field], config[key], (size, field))
            self.assertEqual(shown["ple_dim"], config.get("hidden_size_per_layer_input") or 0, size)
            self.assertEqual(shown["n_experts"], config.get("num_experts") or 0, size)
            self.assertEqual(shown["top_k_experts"], config.get("top_k_experts") or 0, size)
            kinds = {layer["attention"] for layer in shown["layers"]}
            self.assertEqual(kinds, {"sliding", "full"})
            for layer in shown["layers"]:
                self.assertEqual(layer["window"], 16 if layer["attention"] == "sliding" else 0)
        self.assertTrue(any(layer["v_is_k"] for layer in self.shown(MODELS / "31b")["layers"]))
        self.assertEqual([layer["owns_kv"] for layer in self.shown(MODELS / "gemma3")["layers"]].count(False), 0)
        self.assertIn(False, [layer["owns_kv"] for layer in self.shown(MODELS / "e2b")["layers"]])

    def test_a_folder_and_its_gguf_file_agree(self):
        for size, name in (("e2b", "model-q4_0"), ("31b", "model-q4_k_m"), ("26b-a4b", "model-q8_0")):
            folder, file = self.shown(MODELS / size), self.shown(MODELS / size / f"{name}.gguf")
            same = FIELDS - {"name", "path", "tensor_types", "memory_plan"}
            self.assertEqual({key: folder[key] for key in same}, {key: file[key] for key in same}, size)

    def test_memory_plan(self):
        model = MODELS / "e2b" / "model-q4_0.gguf"
        shown = self.shown(model, "--context", "300", "--kv", "bf16")
        plan = shown["memory_plan"]
        self.assertEqual((plan["context"], plan["kv_type"]), (300, "bf16"))
        self.assertEqual(plan["total"], sum(plan[part] for part in PARTS))
        kept = [entry for entry in shown["tensor_types"] if entry["kept_as"] not in ("f32", "in file", "not loaded")]
        self.assertEqual(sum(entry["memory_bytes"] for entry in kept), plan["weights"], "packed weights, type by type")
        self.assertIn("s4x32", [entry["kept_as"] for entry in kept])
        self.assertEqual(self.shown(model)["memory_plan"]["context"], 8192)
        by_type = {kv: self.shown(model, "--context", "131072", "--kv", kv)["memory_plan"]["kv"]
                   for kv in ("f32", "f16", "bf16")}
        self.assertEqual(by_type["f32"], 2 * by_type["f16"])
        self.assertEqual(by_type["f16"], by_type["bf16"])
        self.assertGreater(self.shown(model, "--context", "131072")["memory_plan"]["kv"],
                           100 * self.shown(model, "--context", "300")["memory_plan"]["kv"])

    def test_context_beyond_the_models(self):
        self.refused(8, ("--context", "131072"), "show", MODELS / "e2b", "--context", "131073")
        self.refused(2, "--context", "show", MODELS / "e2b", "--context", "99999999999999999999")

    def test_chat_format_follows_the_template(self):
        for size, expected in (("e2b", "gemma4-small"), ("e4b", "gemma4-small"), ("31b", "gemma4-large"),
                               ("26b-a4b", "gemma4-large"), ("12b-unified", "gemma4-large"), ("gemma3", "gemma3")):
            folder = self.copy_model(size)
            (folder / "chat_template.jinja").write_text("any")
            self.assertEqual(self.shown(folder)["chat_format"], expected)

    def test_table(self):
        for size, words in (("e2b", ("per-layer", "shared", "BF16")), ("26b-a4b", ("3 of 6 experts",)),
                            ("12b-unified", ("V is K",)), ("e2b-assistant", ("drafter",))):
            table = self.ok("show", MODELS / size)
            for word in (*words, "total", "d_model"):
                self.assertIn(word, table, size)
            self.assertFalse(any(line != line.rstrip() for line in table.splitlines()), size)

    def test_drawing(self):
        for size in (*SIZES, "e2b-assistant"):
            drawing = self.ok("show", MODELS / size, "--layers").split("\n\n")[1].splitlines()
            n_layers = 0
            for line in drawing:
                self.assertLessEqual(len(line), 100, size)
                self.assertEqual(line, line.rstrip(), size)
                if line.startswith("  ├─ "):
                    n_layers += int(line.split("×")[1].split()[0]) if line.split()[2].startswith("×") else 1
            self.assertEqual(n_layers, json.loads(self.ok("show", MODELS / size, "--json"))["n_layers"], size)
        self.refused(2, ("--json", "--layers"), "show", MODELS / "e2b", "--layers", "--json")

    def test_a_part_of_a_split_or_a_file_of_a_folder(self):
        by_file = self.shown(MODELS / "e2b" / "model.safetensors")
        self.assertEqual(by_file["memory_plan"], self.shown(MODELS / "e2b")["memory_plan"])

    def test_real_model(self):
        shown = self.shown(real_model())
        self.assertEqual((shown["architecture"], shown["n_layers"], shown["d_model"], shown["vocab_size"]),
                         ("gemma3", 18, 640, 262144))
        self.assertIn("Q4_K", [entry["type"] for entry in shown["tensor_types"]])
        self.assertLess(shown["memory_plan"]["total"], 600 << 20)

    def test_types_that_grow_when_packed_are_named_with_their_bytes(self):
        table = self.ok("show", real_model())
        grown = [line for line in table.splitlines() if "grows when packed" in line]
        # 5-bit codes are stored in 6 bits, 6-bit scales and minima in 8; Q8_0 and Q6_K keep their size.
        self.assertEqual([line.split()[0] for line in grown], ["Q5_0", "Q4_K"])
        self.assertEqual(grown[0], "Q5_0 grows when packed: 41.57 MiB in the file, 49.13 MiB in memory")
        for entry in self.shown(real_model())["tensor_types"]:
            larger = entry["memory_bytes"] > entry["file_bytes"]
            self.assertEqual(larger, entry["type"] in ("Q5_0", "Q4_K"), entry)

    def test_vectors_that_are_widened_do_not_count_as_packed(self):
        entries = self.shown(MODELS / "31b")["tensor_types"]
        widened = [entry for entry in entries if entry["kept_as"] == "f32"]
        self.assertTrue(all(entry["memory_bytes"] > entry["file_bytes"] for entry in widened) and widened)
        self.assertNotIn("grows when packed", self.ok("show", MODELS / "31b"))


if __name__ == "__main__":
    main()
