"""A model that is larger than the machine and needs no disk: safetensors whose data is one hole."""

import json
import math
import struct

D_FF = 1 << 19
D_MODEL = 4096


def machine_bytes():
    """RAM and swap."""
    sizes = {}
    with open("/proc/meminfo") as lines:
        for line in lines:
            name, value, *_ = line.split()
            sizes[name] = int(value) << 10
    return sizes["MemTotal:"] + sizes["SwapTotal:"]


def sparse_model(folder, n_bytes):
    """Makes the Gemma 3 folder one of at least `n_bytes` of bf16 weights, all of them zero; returns it."""
    config = json.loads((folder / "config.json").read_text())
    n_layers = max(6, math.ceil(n_bytes / (3 * 2 * D_FF * D_MODEL)))
    config.update(hidden_size=D_MODEL, intermediate_size=D_FF, num_hidden_layers=n_layers)
    (folder / "config.json").write_text(json.dumps(config))

    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim = config["head_dim"]
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], D_MODEL], "model.norm.weight": [D_MODEL]}
    for i in range(n_layers):
        layer = f"model.layers.{i}."
        for norm in ("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
                     "post_feedforward_layernorm"):
            shapes[f"{layer}{norm}.weight"] = [D_MODEL]
        for norm in ("q_norm", "k_norm"):
            shapes[f"{layer}self_attn.{norm}.weight"] = [head_dim]
        shapes[f"{layer}self_attn.q_proj.weight"] = [heads * head_dim, D_MODEL]
        shapes[f"{layer}self_attn.k_proj.weight"] = [kv_heads * head_dim, D_MODEL]
        shapes[f"{layer}self_attn.v_proj.weight"] = [kv_heads * head_dim, D_MODEL]
        shapes[f"{layer}self_attn.o_proj.weight"] = [D_MODEL, heads * head_dim]
        shapes[f"{layer}mlp.gate_proj.weight"] = [D_FF, D_MODEL]
        shapes[f"{layer}mlp.up_proj.weight"] = [D_FF, D_MODEL]
        shapes[f"{layer}mlp.down_proj.weight"] = [D_MODEL, D_FF]
    header, offset = {}, 0
    for name, shape in shapes.items():
        end = offset + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)
    return folder
