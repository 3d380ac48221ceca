"""Writes a GGUF file of a shape: metadata as converters of Gemma 4 write it, tensors from pools of random blocks."""

import array
import pathlib
import random

from synthetic.blocks import Pool
from synthetic.shapes import FILE_TYPES, tensors
from synthetic.vocabulary import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, Gguf, GgufTensor

ALIGNMENT = 32


def model_metadata(name, shape, quantisation):
    layers = range(shape.n_layers)
    ff, kv_heads = [shape.ff(i) for i in layers], [shape.kv_heads(i) for i in layers]
    values = {
        "context_length": (UINT32, shape.context),
        "embedding_length": (UINT32, shape.d_model),
        "block_count": (UINT32, shape.n_layers),
        "feed_forward_length": (ARRAY, (INT32, ff)) if len(set(ff)) > 1 else (UINT32, ff[0]),
        "attention.head_count": (UINT32, shape.n_heads),
        "attention.head_count_kv": (ARRAY, (INT32, kv_heads)) if len(set(kv_heads)) > 1 else (UINT32, kv_heads[0]),
        "attention.layer_norm_rms_epsilon": (FLOAT32, 1e-6),
        "attention.key_length": (UINT32, shape.global_head_dim),
        "attention.value_length": (UINT32, shape.global_head_dim),
        "attention.key_length_swa": (UINT32, shape.head_dim),
        "attention.value_length_swa": (UINT32, shape.head_dim),
        "attention.sliding_window": (UINT32, shape.window),
        "attention.sliding_window_pattern": (ARRAY, (BOOL, [not shape.is_global(i) for i in layers])),
        "attention.shared_kv_layers": (UINT32, shape.n_shared_kv),
        "rope.freq_base": (FLOAT32, 1e6),
        "rope.freq_base_swa": (FLOAT32, 1e4),
        "rope.dimension_count": (UINT32, shape.global_head_dim),
        "rope.dimension_count_swa": (UINT32, shape.head_dim),
        "final_logit_softcapping": (FLOAT32, 30.0),
        "embedding_length_per_layer_input": (UINT32, shape.ple_dim),
    }
    if shape.n_experts:
        values["expert_count"] = (UINT32, shape.n_experts)
        values["expert_used_count"] = (UINT32, shape.top_k_experts)
        values["expert_feed_forward_length"] = (UINT32, shape.expert_d_ff)
    general = {
        "general.architecture": (STRING, b"gemma4"),
        "general.name": (STRING, name.encode()),
        "general.file_type": (UINT32, FILE_TYPES[quantisation]),
        "general.quantization_version": (UINT32, 2),
    }
    return general | {"gemma4." + key: value for key, value in values.items()}


def _small_values(tensor, source):
    n = tensor.n_elements()
    if tensor.values == "norm":
        return [1 + 0.05 * source.gauss(0, 1) for _ in range(n)]
    if tensor.values == "rope_freqs":  # a quarter of the pairs turn, the others stay
        return [1.0] * (n // 4) + [1e30] * (n - n // 4)
    return [1.0] * n


def _header(metadata, all_tensors):
    """Metadata and the tensors' entries, padded to where the data begin."""
    entries, offsets, offset = {}, {}, 0
    for tensor in all_tensors:
        entries[tensor.name] = GgufTensor(list(tensor.dims), tensor.type.id, b"")
        offsets[tensor.name] = offset
        offset += -(-tensor.n_bytes() // ALIGNMENT) * ALIGNMENT
    return Gguf(metadata, entries).to_bytes(offsets=offsets)


def write_model(path, name, shape, quantisation, tokenizer_metadata, dead_kv=False, seed=1):
    """Writes it aside and renames it; returns its size."""
    source = random.Random(seed)
    all_tensors = tensors(shape, quantisation, dead_kv)
    metadata = model_metadata(name, shape, quantisation) | tokenizer_metadata
    pools = {}
    aside = pathlib.Path(f"{path}.part")
    with open(aside, "wb", buffering=1 << 20) as file:
        file.write(_header(metadata, all_tensors))
        for tensor in all_tensors:
            if tensor.values == "weights":
                if tensor.type not in pools:
                    pools[tensor.type] = Pool(tensor.type, source)
                pools[tensor.type].write(file, tensor.n_elements())
            else:
                file.write(array.array("f", _small_values(tensor, source)).tobytes())
            file.write(bytes(-file.tell() % ALIGNMENT))
    aside.rename(path)
    return path.stat().st_size
