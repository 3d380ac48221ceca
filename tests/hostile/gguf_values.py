"""GGUF metadata: every known key missing and with every wrong type, and values that no model can have."""

from case import CORRUPT, EITHER, NOT_FOUND, READ, UNSUPPORTED
from containers import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, UINT64
from gguf_parts import E2B, F64, GEMMA3, I8, I64, MOE, U8, U16, array, case, metadata, model, number, string

NAN, INF = float("nan"), float("inf")
# Keys that carat does not read, or only as advice: whatever is there, the model answers. Scores count where there are
# no merges, which the file has.
UNUSED = {"general.name", "general.file_type", "general.quantization_version", "tokenizer.ggml.scores",
          "tokenizer.ggml.add_bos_token"}
# Without them the model is another one or the default holds.
OPTIONAL = UNUSED | {"gemma4.attention.value_length", "gemma4.attention.value_length_swa", "gemma4.rope.dimension_count",
                     "gemma4.rope.dimension_count_swa", "gemma4.rope.freq_base_swa", "gemma4.attention.shared_kv_layers",
                     "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.unknown_token_id",
                     "tokenizer.ggml.padding_token_id", "tokenizer.ggml.add_space_prefix",
                     "gemma3.attention.value_length", "gemma3.rope.freq_base_swa", "gemma3.rope.scaling.type",
                     "gemma3.rope.scaling.factor", "gemma3.attention.sliding_window_pattern"}
# Without them the tensors are those of another model.
CONTRADICTED = {"gemma4.embedding_length_per_layer_input": CORRUPT, "gemma4.expert_count": CORRUPT,
                "gemma4.attention.key_length_swa": UNSUPPORTED}
# One number for all layers, or one for each.
PER_LAYER = {"attention.head_count", "attention.head_count_kv", "feed_forward_length"}
# Fewer merges are another vocabulary, and Gemma 3 may give its pattern as a period.
FINE_TYPES = {("tokenizer.ggml.merges", "array-short"), ("tokenizer.ggml.merges", "array-empty"),
              ("gemma3.attention.sliding_window_pattern", "u32"), ("gemma3.attention.sliding_window_pattern", "i64")}
NUMBERS = (U8, I8, U16, 3, UINT32, INT32, UINT64, I64)
PRESETS = {
    E2B: "e2b",
    MOE: "moe",  # only its own keys
    GEMMA3: "gemma3",
}


def wrong_values(kind, old):
    """(label, kind, encoded) of all types that a value of this type must not have."""
    integer, real = kind in NUMBERS, kind in (FLOAT32, F64)
    if not integer and not real:
        yield "u32", UINT32, number(UINT32, 1)
        yield "i64", I64, number(I64, 1)
    if not real:
        yield "f32", FLOAT32, number(FLOAT32, 1.0)
        yield "f64", F64, number(F64, 1.0)
    if kind != BOOL:
        yield "bool", BOOL, b"\1"
    if kind != STRING:
        yield "string", STRING, string("1")
    count = len(old[1]) if kind == ARRAY else 1
    element = old[0] if kind == ARRAY else None
    if element not in NUMBERS and element != BOOL:
        yield "array-u32", ARRAY, array(UINT32, [number(UINT32, 1)] * count)
    if element not in (FLOAT32, F64):
        yield "array-f32", ARRAY, array(FLOAT32, [number(FLOAT32, 1.0)] * count)
    if element != STRING:
        yield "array-string", ARRAY, array(STRING, [string("1")] * count)
    if element is not None:
        whole = [(string(v) if element == STRING else number(element, v)) for v in old[1]]
        yield "array-short", ARRAY, array(element, whole[:-1])
        yield "array-long", ARRAY, array(element, whole + whole[:1])
        yield "array-empty", ARRAY, array(element, [])


def keys_of(path):
    known = set(metadata(E2B)) if path != E2B else set()
    return {key: value for key, value in metadata(path).items() if key not in known}


def types():
    for path, name in PRESETS.items():
        for key, (kind, old) in keys_of(path).items():
            for label, wrong, encoded in wrong_values(kind, old):
                fine = key in UNUSED or (key, label) in FINE_TYPES
                expect, words = (READ, ()) if fine else (CORRUPT, (key,))
                yield case(f"type-{name}-{key}-{label}", model(path).set(key, wrong, None, encoded).to_bytes(), expect, *words)


def same_value_other_type():
    """Integers are read by value, whatever their width."""
    for key in ("gemma4.block_count", "gemma4.attention.head_count", "tokenizer.ggml.bos_token_id",
                "gemma4.attention.shared_kv_layers"):
        for kind in NUMBERS:
            yield case(f"wide-{key}-{kind}", model().set(key, kind, metadata()[key][1]).to_bytes(), READ)
    yield case("wide-f64", model().set("gemma4.rope.freq_base", F64, 1e6).to_bytes(), READ)
    yield case("wide-float-as-integer", model().set("gemma4.rope.freq_base", UINT32, 1_000_000).to_bytes(), READ)
    for key in PER_LAYER:
        old = metadata()["gemma4." + key][1]
        values = old[1] if isinstance(old, tuple) else [old] * 7
        for kind in (U8, INT32, I64):
            yield case(f"wide-{key}-array-{kind}", model().set("gemma4." + key, ARRAY, (kind, values)).to_bytes(), READ)


def missing():
    for path, name in PRESETS.items():
        for key in keys_of(path):
            expect = READ if key in OPTIONAL else CONTRADICTED.get(key, NOT_FOUND)
            yield case(f"missing-{name}-{key}", model(path).remove(key).to_bytes(), expect,
                       *((key,) if expect == NOT_FOUND else ()))
    yield case("missing-all", model().__class__([], model().infos, model().data).to_bytes(), NOT_FOUND,
               "general.architecture")


LAYERS = "gemma4.block_count"
HPARAMS = (
    (LAYERS, UINT32, (0, 1, 6, 8, 512, 513, 1024, 1025, 1 << 31, (1 << 32) - 1)),
    (LAYERS, I64, (-1, -(1 << 63), (1 << 63) - 1)),
    (LAYERS, UINT64, (1 << 63, (1 << 64) - 1)),
    ("gemma4.embedding_length", UINT32, (0, 1, 32, 63, 65, 128, 1 << 20, 1 << 31)),
    ("gemma4.context_length", UINT32, (0, 1 << 24, (1 << 24) + 1, (1 << 32) - 1)),
    ("gemma4.attention.head_count", UINT32, (0, 1, 3, 4, 1 << 20, (1 << 32) - 1)),
    ("gemma4.attention.head_count", INT32, (-2,)),
    ("gemma4.attention.head_count_kv", UINT32, (0, 2, 3, 4, 1 << 16, (1 << 32) - 1)),
    ("gemma4.attention.key_length", UINT32, (0, 1, 31, 32, 63, 65, 128, 1 << 16, (1 << 32) - 1)),
    ("gemma4.attention.key_length_swa", UINT32, (0, 1, 31, 33, 64, 1 << 16)),
    ("gemma4.attention.value_length", UINT32, (0, 32, 65, (1 << 32) - 1)),
    ("gemma4.rope.dimension_count", UINT32, (0, 16, 66, (1 << 32) - 1)),
    ("gemma4.attention.sliding_window", UINT32, (0, (1 << 32) - 1)),
    ("gemma4.attention.shared_kv_layers", UINT32, (7, 8, (1 << 32) - 1)),
    ("gemma4.embedding_length_per_layer_input", UINT32, (0, 15, 17, 32, 1 << 30)),
    ("gemma4.attention.layer_norm_rms_epsilon", FLOAT32, (0.0, -1e-6, 1.0, 1e30, NAN, INF, -INF)),
    ("gemma4.rope.freq_base", FLOAT32, (0.0, 1.0, -1e6, NAN, INF, -INF)),
    ("gemma4.rope.freq_base_swa", FLOAT32, (0.0, -1e4, NAN, INF)),
    ("gemma4.final_logit_softcapping", FLOAT32, (-30.0, NAN, INF)),
    ("tokenizer.ggml.bos_token_id", UINT32, (512, 1 << 31, (1 << 32) - 1)),
    ("tokenizer.ggml.eos_token_id", INT32, (-1, 512)),
    ("tokenizer.ggml.padding_token_id", UINT64, (512, 1 << 63)),
    ("tokenizer.ggml.unknown_token_id", UINT32, (512, 1 << 31)),
    ("general.architecture", STRING, ("", "llama", "gemma", "gemma2", "GEMMA4", "gemma4\0", "gemma4 ", "clip", "x" * 1000,
                                      b"\xff", "gemma4-assistant", "gemma3")),
    ("tokenizer.ggml.model", STRING, ("", "gpt2", "gemma4\n", "x" * 100_000)),
)
# Values that leave the model what it is, or a model all the same.
FINE = {("gemma4.context_length", 1 << 24)}


def hparams():
    for key, kind, values in HPARAMS:
        for v in values:
            label = v if isinstance(v, int) else repr(v).replace("'", "").replace("\\", "-").replace(" ", "_")[:24]
            content = model().set(key, kind, v).to_bytes()
            expect = expected_hparam(key, kind, v)
            yield case(f"hparam-{key}-{kind}-{label}", content, expect)
    for key, values in (("attention.head_count", [2, 2, 2, 0, 2, 2, 2]), ("attention.head_count_kv", [1, 1, 3, 1, 1, 1, 1]),
                        ("feed_forward_length", [32] * 6 + [0]), ("feed_forward_length", [32] * 6 + [1 << 31]),
                        ("feed_forward_length", [32, 16] + [32] * 5), ("feed_forward_length", [-32] * 7)):
        yield case(f"hparam-layer-{key}-{values[3]}-{values[-1]}-{values[1]}",
                   model().set("gemma4." + key, ARRAY, (I64, values)).to_bytes(), CORRUPT)
    pattern = "gemma4.attention.sliding_window_pattern"
    for name, values in (("all-full", [False] * 7), ("all-sliding", [True] * 7), ("other", [False, True] * 3 + [False])):
        yield case(f"hparam-pattern-{name}", model().set(pattern, ARRAY, (BOOL, values)).to_bytes(), CORRUPT)
    for key, kind, v, expect in (("expert_count", UINT32, 0, CORRUPT), ("expert_count", UINT32, 1, CORRUPT),
                                 ("expert_count", UINT32, 7, CORRUPT), ("expert_count", UINT32, 1 << 31, CORRUPT),
                                 ("expert_used_count", UINT32, 0, CORRUPT), ("expert_used_count", UINT32, 7, CORRUPT),
                                 ("expert_used_count", UINT32, (1 << 32) - 1, CORRUPT),
                                 ("expert_feed_forward_length", UINT32, 0, CORRUPT),
                                 ("expert_feed_forward_length", UINT32, 33, CORRUPT),
                                 ("expert_feed_forward_length", UINT32, 1 << 31, CORRUPT)):
        yield case(f"hparam-moe-{key}-{v}", model(MOE).set("gemma4." + key, kind, v).to_bytes(), expect)
    for key, kind, v, expect in (("rope.scaling.factor", FLOAT32, 0.0, CORRUPT), ("rope.scaling.factor", FLOAT32, NAN, CORRUPT),
                                 ("rope.scaling.factor", FLOAT32, -8.0, CORRUPT), ("rope.scaling.type", STRING, "yarn", UNSUPPORTED),
                                 ("attention.sliding_window_pattern", UINT32, 0, CORRUPT),
                                 ("attention.sliding_window_pattern", UINT32, 1 << 31, CORRUPT)):
        yield case(f"hparam-gemma3-{key}-{v}", model(GEMMA3).set("gemma3." + key, kind, v).to_bytes(), expect)


def expected_hparam(key, kind, v):
    if (key, v) in FINE:
        return READ
    if key == "general.architecture":
        if v == "gemma3":
            return NOT_FOUND  # its keys would be gemma3.*
        return {"": UNSUPPORTED, b"\xff": CORRUPT, "gemma4-assistant": NOT_FOUND}.get(v, UNSUPPORTED)
    if key == "tokenizer.ggml.model":
        return UNSUPPORTED
    head = {"gemma4.attention.value_length", "gemma4.rope.dimension_count", "gemma4.attention.key_length",
            "gemma4.attention.key_length_swa"}
    if key in head and (v > 1 or "key" not in key) and v < 1 << 16:
        return UNSUPPORTED  # heads whose parts differ
    return CORRUPT


def advice():
    """What a file recommends for sampling is used where it makes sense, and ignored where not."""
    for key in ("temp", "top_k", "top_p", "min_p"):
        for label, kind, v in (("nan", FLOAT32, NAN), ("inf", FLOAT32, INF), ("negative", FLOAT32, -5.0), ("huge", F64, 1e300),
                               ("string", STRING, "hot"), ("int-min", I64, -(1 << 63)), ("u64-max", UINT64, (1 << 64) - 1),
                               ("array", ARRAY, (FLOAT32, [1.0]))):
            yield case(f"advice-{key}-{label}", model().set(f"general.sampling.{key}", kind, v).to_bytes(), READ)
    for label, kind, v in (("number", UINT32, 5), ("not-utf8", STRING, b"\xff\xfe"), ("empty", STRING, ""),
                           ("escape", STRING, "\x1b]0;owned\7"), ("long", STRING, "{{ x }}" * 100_000)):
        yield case(f"advice-template-{label}", model().set("tokenizer.chat_template", kind, v).to_bytes(), READ)
        yield case(f"advice-name-{label}", model().set("general.name", kind, v).to_bytes(), READ)
    for label, kind, v, expect in (("beyond", ARRAY, (INT32, [512]), CORRUPT), ("negative", ARRAY, (INT32, [-1]), CORRUPT),
                                   ("number", UINT32, 1, CORRUPT), ("strings", ARRAY, (STRING, ["1"]), CORRUPT),
                                   ("all", ARRAY, (INT32, list(range(512))), EITHER), ("empty", ARRAY, (INT32, []), READ),
                                   ("many", ARRAY, (INT32, [1] * 513), CORRUPT)):
        for key in ("eog_token_ids", "suppress_tokens"):
            yield case(f"advice-{key}-{label}", model().set(f"tokenizer.ggml.{key}", kind, v).to_bytes(), expect)


def cases():
    for make in (types, same_value_other_type, missing, hparams, advice):
        yield from make()
