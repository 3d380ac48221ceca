"""config.json and generation_config.json: every key with every wrong type, and values that no model can have."""

import copy
import json
import math

from case import CORRUPT, LIMIT, MODELS, READ, UNSUPPORTED
from folder_parts import ASK, case, load

NAME, GENERATION = "config.json", "generation_config.json"
WHOLE = load(NAME)
DELETED = object()
WRONG = {"null": None, "bool": True, "number": 5, "float": 0.5, "text": "x", "list": [], "object": {}}
# What carat does not read: the encoders' own ids, what training needs, and what the tokenizer's file says better.
UNUSED_TOP = {"architectures", "vision_config", "audio_config", "dtype", "bos_token_id", "boi_token_id", "eoi_token_id",
              "image_token_id", "boa_token_id", "eoa_token_id", "eoa_token_index", "audio_token_id", "video_token_id"}
UNUSED_TEXT = {"model_type", "attention_dropout", "bos_token_id", "initializer_range", "use_cache", "dtype",
               "vocab_size_per_layer_input", "tie_word_embeddings",
               "pad_token_id",  # the outer one counts
               "num_global_key_value_heads"}  # only where values are keys
# Only read where there are experts.
MOE_KEYS = {"num_experts", "top_k_experts", "moe_intermediate_size"}
FLAGS = {"attention_bias", "attention_k_eq_v", "use_double_wide_mlp", "enable_moe_block", "tie_word_embeddings"}
NUMBERS = {"rms_norm_eps", "final_logit_softcapping"}


def whole(name=None, text=None, **top):
    config = copy.deepcopy(WHOLE)
    for place, changes in ((config["text_config"], text or {}), (config, top)):
        for key, value in changes.items():
            if value is DELETED:
                place.pop(key, None)
            else:
                place[key] = value
    return config


def config(name, value, expect, *words, **more):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    if expect not in (READ, "either") and not words:
        words = ("config",)  # the file, or "the config asks for" where it contradicts the tensors
    return case(name, {NAME: text}, expect, *words, **more)


def types():
    for key, old in WHOLE["text_config"].items():
        for label, wrong in WRONG.items():
            expect = READ if key in UNUSED_TEXT | MOE_KEYS else "either"
            if expect == "either" and not harmless(key, old, wrong):
                expect = CORRUPT if key not in ("use_bidirectional_attention", "hidden_activation") else refused_as(key, wrong)
            yield config(f"type-text-{key}-{label}", whole(text={key: wrong}), expect)
    for key, old in WHOLE.items():
        if key == "text_config":
            continue
        for label, wrong in WRONG.items():
            expect = READ if key in UNUSED_TOP else "either"
            if key == "model_type":
                expect = UNSUPPORTED if label == "text" else CORRUPT
            elif key == "tie_word_embeddings" and label not in ("null", "bool"):
                expect = CORRUPT
            elif key in ("pad_token_id", "eos_token_id") and label in ("bool", "float", "text", "object"):
                expect = CORRUPT
            yield config(f"type-{key}-{label}", whole(**{key: wrong}), expect)
    for label, wrong in WRONG.items():
        yield config(f"type-text_config-{label}", whole(text_config=wrong), CORRUPT)


def refused_as(key, wrong):
    if key == "hidden_activation":
        return UNSUPPORTED if isinstance(wrong, str) else CORRUPT
    return UNSUPPORTED


def harmless(key, old, wrong):
    """Whether this value of another type says the same, or nothing."""
    if key in FLAGS:
        return wrong is None or isinstance(wrong, bool)
    if key in ("num_global_key_value_heads", "use_bidirectional_attention", "hidden_size_per_layer_input", "num_kv_shared_layers",
               "pad_token_id", "eos_token_id", "final_logit_softcapping", "global_head_dim"):
        return wrong is None or (key.endswith("token_id") and wrong in (5, [])) or (key in NUMBERS and wrong in (5, 0.5)) or (
            key == "num_global_key_value_heads" and wrong == 1)
    return key in NUMBERS and isinstance(wrong, float) or key in ("sliding_window", "max_position_embeddings") and wrong == 5


def missing():
    needed = {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
              "head_dim", "hidden_activation", "rms_norm_eps", "sliding_window", "max_position_embeddings", "final_logit_softcapping",
              "rope_parameters"}
    for key in WHOLE["text_config"]:
        expect = CORRUPT if key in needed else "either"
        yield config(f"missing-text-{key}", whole(text={key: DELETED}), expect, *((key,) if key in needed - {"rope_parameters"} else ()))
    for key in WHOLE:
        yield config(f"missing-{key}", whole(**{key: DELETED}), CORRUPT if key in ("model_type", "text_config") else READ)


SIZES = {
    "num_hidden_layers": (0, -1, 1, 6, 8, 512, 513, 1025, 1 << 31, 1 << 40, 1 << 63, 1 << 64, 10**30),
    "hidden_size": (0, -64, 1, 63, 65, 128, 1 << 31, 1 << 63, 1 << 70),
    "vocab_size": (0, -1, 1, 511, 513, 1 << 20, 1 << 31, 1 << 62),
    "intermediate_size": (0, -1, 1, 31, 33, 1 << 31, 1 << 50),
    "num_attention_heads": (0, -2, 1, 3, 4, 1 << 31),
    "num_key_value_heads": (0, -1, 2, 3, 1 << 31),
    "head_dim": (0, -32, 1, 31, 33, 64, 1 << 31),
    "global_head_dim": (0, -64, 1, 32, 65, 128, 1 << 31),
    "max_position_embeddings": (0, -1, 1 << 25, 1 << 60),
    "sliding_window": (0, -16, 1 << 25, 1 << 60),
    "num_kv_shared_layers": (-1, 7, 8, 1 << 31),
    "hidden_size_per_layer_input": (-1, 15, 17, 1 << 31),
    "rms_norm_eps": (0, -1e-6, 1, 1e300),
    "final_logit_softcapping": (0, -30.0),
    "pad_token_id": (-1, 512, 1 << 40),
    "eos_token_id": (-1, 512, [1, 512], [-1], ["1"], [[1]]),
}


def sizes():
    for key, values in SIZES.items():
        for value in values:
            change = {key: value}
            top = {key: value} if key.endswith("token_id") else {}  # the outer one counts first
            yield config(f"size-{key}-{str(value).replace(' ', '')}", whole(text=change, **top), CORRUPT)
    for value in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 65, "0." + "1" * 100, "0x10", "+5", "01", "5.", ".5", "1e", "true5"):
        text = json.dumps(WHOLE).replace('"hidden_size": 64', '"hidden_size": ' + value).encode()
        yield config(f"number-{value[:12]}", text, LIMIT if len(value) > 64 else CORRUPT)
        text = json.dumps(WHOLE).replace('"rms_norm_eps": 1e-06', '"rms_norm_eps": ' + value).encode()
        yield config(f"number-eps-{value[:12]}", text, LIMIT if len(value) > 64 else CORRUPT)


def layers():
    sliding, full = "sliding_attention", "full_attention"
    old = WHOLE["text_config"]["layer_types"]
    for label, value, expect in (("empty", [], CORRUPT), ("six", old[:6], CORRUPT), ("eight", old + [full], CORRUPT),
                                 ("all-full", [full] * 7, CORRUPT), ("all-sliding", [sliding] * 7, CORRUPT), ("unknown", ["x"] * 7, UNSUPPORTED),
                                 ("linear", ["linear_attention"] * 7, UNSUPPORTED), ("escape", [sliding + "\x1b"] * 7, UNSUPPORTED),
                                 ("numbers", [1] * 7, CORRUPT), ("nulls", [None] * 7, CORRUPT), ("nested", [[sliding]] * 7, CORRUPT),
                                 ("million", [sliding] * 100_000, CORRUPT), ("other", [full, sliding] * 3 + [full], CORRUPT)):
        yield config(f"layers-{label}", whole(text={"layer_types": value}), expect)
    rope = WHOLE["text_config"]["rope_parameters"]
    for label, full_, expect in (
        ("type-number", {"rope_type": 5}, CORRUPT), ("type-yarn", {"rope_type": "yarn"}, UNSUPPORTED), ("type-escape", {"rope_type": "\x1b"}, UNSUPPORTED),
        ("theta-zero", {"rope_theta": 0}, CORRUPT), ("theta-negative", {"rope_theta": -1e6}, CORRUPT), ("theta-one", {"rope_theta": 1}, CORRUPT),
        ("theta-text", {"rope_theta": "1e6"}, CORRUPT), ("theta-huge", {"rope_theta": 1e300}, CORRUPT), ("theta-1e12", {"rope_theta": 1e12}, READ), ("theta-null", {"rope_theta": None}, CORRUPT),
        ("part-zero", {"partial_rotary_factor": 0}, CORRUPT), ("part-negative", {"partial_rotary_factor": -0.5}, CORRUPT),
        ("part-two", {"partial_rotary_factor": 2}, CORRUPT), ("part-text", {"partial_rotary_factor": "x"}, CORRUPT),
        ("factor-zero", {"factor": 0}, CORRUPT), ("factor-negative", {"factor": -8}, CORRUPT), ("factor-text", {"factor": "8"}, CORRUPT),
        ("factor-tiny", {"factor": 1e-300}, CORRUPT), ("factor-huge", {"factor": 1e300}, CORRUPT), ("part-tiny", {"partial_rotary_factor": 1e-300}, READ),
    ):
        value = {**rope, "full_attention": {**rope["full_attention"], **full_}}
        yield config(f"rope-{label}", whole(text={"rope_parameters": value}), expect)
    for label, value in (("one", {"full_attention": rope["full_attention"]}), ("numbers", {"full_attention": 5, "sliding_attention": 5}),
                         ("nulls", {"full_attention": None, "sliding_attention": None}), ("lists", {"full_attention": [], "sliding_attention": []})):
        yield config(f"rope-{label}", whole(text={"rope_parameters": value}), CORRUPT)


def others():
    for label, value in (("llama", "llama"), ("gemma2", "gemma2"), ("empty", ""), ("escape", "\x1b[2J\n"), ("long", "x" * 100_000),
                         ("case", "Gemma4"), ("space", "gemma4 ")):
        yield config(f"model_type-{label}", whole(model_type=value), UNSUPPORTED, NAME)
    yield config("model_type-gemma3", whole(model_type="gemma3"), CORRUPT)
    yield config("model_type-assistant", whole(model_type="gemma4_assistant"), "either")
    for key, value, expect in (("quantization_config", {"bits": 4}, UNSUPPORTED), ("attn_logit_softcapping", 50.0, UNSUPPORTED),
                               ("attention_bias", True, UNSUPPORTED), ("hidden_activation", "relu", UNSUPPORTED),
                               ("hidden_activation", "\x1b[2J", UNSUPPORTED), ("use_bidirectional_attention", "all", UNSUPPORTED),
                               ("use_bidirectional_attention", {"a": "x" * 100_000}, UNSUPPORTED), ("attention_k_eq_v", True, CORRUPT),
                               ("use_double_wide_mlp", False, CORRUPT), ("enable_moe_block", True, CORRUPT)):
        yield config(f"other-{key}-{str(value)[:8]}".replace("\x1b", "ESC"), whole(text={key: value}), expect)
    moe = json.loads((MODELS / "26b-a4b" / "config.json").read_text())
    for key, value in (("num_experts", 0), ("num_experts", -1), ("num_experts", 7), ("num_experts", 1 << 31), ("num_experts", "6"),
                       ("num_experts", None), ("top_k_experts", 0), ("top_k_experts", 7), ("top_k_experts", None), ("top_k_experts", 1.5),
                       ("moe_intermediate_size", 0), ("moe_intermediate_size", 33), ("moe_intermediate_size", None),
                       ("moe_intermediate_size", 1 << 40)):
        changed = copy.deepcopy(moe)
        changed["text_config"][key] = value
        made = config(f"moe-{key}-{value}", changed, CORRUPT)
        made.files["model.safetensors"] = MODELS / "26b-a4b" / "model.safetensors"
        yield made


def jsons():
    text = json.dumps(WHOLE)
    for label, content, expect in (
        ("empty", "", CORRUPT), ("brace", "{", CORRUPT), ("list", "[]", CORRUPT), ("null", "null", CORRUPT), ("number", "5", CORRUPT),
        ("object", "{}", CORRUPT), ("cut", text[:-1], CORRUPT), ("cut-half", text[: len(text) // 2], CORRUPT), ("two", text * 2, CORRUPT),
        ("comma", text[:-1] + ",}", CORRUPT), ("comment", "// hello\n" + text, CORRUPT), ("nul", text + "\0", CORRUPT),
        ("bom", "\ufeff" + text, "either"), ("spaces", " " * 100_000 + text, READ), ("single-quotes", text.replace('"', "'"), CORRUPT),
        ("surrogate", text[:-1] + ', "x": "\\ud800"}', CORRUPT), ("surrogate-pair", text[:-1] + ', "x": "\\ud83d\\ude00"}', READ),
        ("control-character", text[:-1] + ', "x": "\x01"}', CORRUPT), ("unknown-keys", text[:-1] + ', "x": [1, {"y": null}]}', READ),
        ("key-twice-same", text[:-1] + ', "model_type": "gemma4"}', READ), ("key-twice-other", text[:-1] + ', "model_type": "llama"}', UNSUPPORTED),
        ("text-twice", text[:-1] + ', "text_config": {}}', CORRUPT), ("empty-key", text[:-1] + ', "": 5}', READ),
        ("escape-key", text[:-1] + ', "\\u001b[2J": 5}', READ), ("depth-63", text[:-1] + ', "x": ' + "[" * 63 + "]" * 63 + "}", READ),
        ("depth-64", text[:-1] + ', "x": ' + "[" * 64 + "]" * 64 + "}", LIMIT), ("depth-million", '{"a":' * 600_000, LIMIT),
        ("depth-lists", "[" * 1_000_000, LIMIT), ("members-199000", text[:-1] + ', "x": [' + "0," * 199_000 + "0]}", READ),
        ("members-200001", text[:-1] + ', "x": [' + "0," * 200_001 + "0]}", LIMIT), ("keys-100000", "{" + ",".join(f'"k{i}":1' for i in range(100_000)) + "}", CORRUPT),
        ("5-MB", text[:-1] + ', "x": "' + "x" * (5 << 20) + '"}', LIMIT), ("4-MB", text[:-1] + ', "x": "' + "x" * (4_000_000) + '"}', READ),
        ("digits", text[:-1] + ', "x": ' + "1" * 100_000 + "}", LIMIT), ("html", "<html>", CORRUPT), ("xml", "<?xml?>", CORRUPT), ("yaml", "model_type: gemma4", CORRUPT),
    ):
        yield config(f"json-{label}", content.encode(), expect)
    yield config("json-not-utf8", b'{"model_type": "\xff"}', CORRUPT)
    yield config("json-utf-16", text.encode("utf-16"), CORRUPT)


def generation():
    """Stop tokens and what is suppressed must make sense; what is recommended for sampling is only advice."""
    whole_ = load(GENERATION)
    def file(name, value, expect, *words):
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        return case(f"generation-{name}", {GENERATION: text}, expect, *words, commands=(ASK,))

    for key in ("temperature", "top_k", "top_p", "do_sample", "bos_token_id"):
        for label, value in {**WRONG, "negative": -5, "huge": 1e300, "int-huge": 1 << 70}.items():
            yield file(f"{key}-{label}", {**whole_, key: value}, READ)
    for key in ("eos_token_id", "pad_token_id", "suppress_tokens"):
        for label, value, fine in (("null", None, True), ("bool", True, False), ("text", "1", False), ("float", 1.5, False), ("object", {}, False),
                                   ("negative", -1, False), ("512", 512, False), ("2^63", 1 << 63, False), ("2^70", 1 << 70, False),
                                   ("list", [3], key != "pad_token_id"), ("list-of-text", ["1"], False), ("list-of-lists", [[1]], False),
                                   ("list-negative", [-1], False), ("list-512", [512], False)):
            # The first file that names a pad token counts: config.json.
            expect = READ if fine or key == "pad_token_id" else CORRUPT
            yield file(f"{key}-{label}", {**whole_, key: value}, expect)
    for label, text, expect in (("empty", b"", CORRUPT), ("brace", b"{", CORRUPT), ("list", b"[]", CORRUPT), ("not-utf8", b'{"\xff":1}', CORRUPT),
                                ("nan", b'{"temperature": NaN}', CORRUPT), ("1e999", b'{"temperature": 1e999}', CORRUPT), ("object", b"{}", READ),
                                ("deep", b'{"a":' * 100_000, LIMIT), ("5-MB", b'{"a":"' + b"x" * (5 << 20) + b'"}', LIMIT)):
        yield file(f"json-{label}", text, expect)
    yield case("generation-absent", {GENERATION: None}, READ)
    assert math.isfinite(whole_["temperature"])


def cases():
    yield config("control", WHOLE, READ)
    for make in (types, missing, sizes, layers, others, jsons, generation):
        yield from make()
