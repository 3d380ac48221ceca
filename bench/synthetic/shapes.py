"""Sizes of the family, and the tensors of a GGUF file of each, as converters and quantisers write them."""

import dataclasses

from synthetic.blocks import BF16, F32, Q4_0, Q4_K, Q5_0, Q6_K, Q8_0

VOCAB_SIZE = 262144
# "general.file_type" of a file, on disk.
FILE_TYPES = {"q4_0": 2, "q4_k_m": 15, "q8_0": 7, "bf16": 32}
_MATRIX = {"q4_0": Q4_0, "q4_k_m": Q4_K, "q8_0": Q8_0, "bf16": BF16}
_TABLE = {"q4_0": Q6_K, "q4_k_m": Q6_K, "q8_0": Q8_0, "bf16": BF16}


@dataclasses.dataclass(frozen=True)
class Shape:
    """The values of a checkpoint's config.json. Every `period`-th layer attends to everything."""

    d_model: int
    d_ff: int
    n_layers: int
    period: int
    n_heads: int
    n_kv_heads: int
    context: int
    window: int
    n_global_kv_heads: int = 0  # 0: as many as in sliding layers
    head_dim: int = 256
    global_head_dim: int = 512
    n_shared_kv: int = 0  # the last layers, which read the K/V of earlier ones
    wide_shared: bool = False  # twice d_ff in those
    ple_dim: int = 0
    v_is_k: bool = False  # in global layers
    n_experts: int = 0
    top_k_experts: int = 0
    expert_d_ff: int = 0

    def is_global(self, layer):
        return (layer + 1) % self.period == 0

    def owns_kv(self, layer):
        return layer < self.n_layers - self.n_shared_kv

    def kv_heads(self, layer):
        return self.n_global_kv_heads if self.is_global(layer) and self.n_global_kv_heads else self.n_kv_heads

    def head_size(self, layer):
        return self.global_head_dim if self.is_global(layer) else self.head_dim

    def ff(self, layer):
        return self.d_ff * (2 if self.wide_shared and not self.owns_kv(layer) else 1)


SHAPES = {
    "e2b": Shape(1536, 6144, 35, 5, 8, 1, context=131072, window=512, n_shared_kv=20, wide_shared=True, ple_dim=256),
    "e4b": Shape(2560, 10240, 42, 6, 8, 2, context=131072, window=512, n_shared_kv=18, ple_dim=256),
    "26b-a4b": Shape(2816, 2112, 30, 6, 16, 8, context=262144, window=1024, n_global_kv_heads=2, v_is_k=True,
                     n_experts=128, top_k_experts=8, expert_d_ff=704),
    "31b": Shape(5376, 21504, 60, 6, 32, 16, context=262144, window=1024, n_global_kv_heads=4, v_is_k=True),
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    name: str
    dims: tuple  # fastest first, as in the file
    type: object
    values: str = "weights"  # "weights", "norm", "ones" or "rope_freqs"

    def n_elements(self):
        n = 1
        for dim in self.dims:
            n *= dim
        return n

    def n_bytes(self):
        return self.n_elements() // self.type.n_elements * self.type.n_bytes


def fewer_layers(shape, n_layers):
    """The same with the first `n_layers`, so that a big one fits into memory: whole periods, no shared K/V."""
    if shape.n_shared_kv:
        raise ValueError("fewer layers: not of a size whose last layers share K/V with earlier ones")
    if n_layers <= 0 or n_layers % shape.period or n_layers > shape.n_layers:
        raise ValueError(f"{n_layers} layers: expected a multiple of {shape.period}, at most {shape.n_layers}")
    return dataclasses.replace(shape, n_layers=n_layers)


def fit(kind, row):
    """What a quantiser takes for rows that its blocks do not divide: 26B-A4B's experts have 704 columns."""
    if row % kind.n_elements == 0:
        return kind
    smaller = {Q4_K: Q5_0, Q6_K: Q8_0}.get(kind)
    if smaller is None or row % smaller.n_elements:
        raise ValueError(f"rows of {row} cannot be stored as {kind.name}")
    return smaller


def has_more_bits(layer, n_layers):
    """Where Q4_K_M spends Q6_K on attn_v and ffn_down: the first and last eighth, and every third layer between."""
    eighth = n_layers // 8
    return layer < eighth or layer >= 7 * n_layers // 8 or (layer - eighth) % 3 == 2


def tensors(shape, quantisation, dead_kv=False):
    """All tensors in the order of the file. With `dead_kv` also the K and V that layers with shared K/V never use, as
    conversions of the original checkpoints have them (ik_llama.cpp demands them)."""
    matrix, table = _MATRIX[quantisation], _TABLE[quantisation]
    d = shape.d_model
    out = []

    def weights(name, columns, rows, kind=matrix, n_experts=0):
        dims = (columns, rows, n_experts) if n_experts else (columns, rows)
        out.append(Tensor(name + ".weight", dims, fit(kind, columns)))

    def norm(name, n, suffix=".weight"):
        out.append(Tensor(name + suffix, (n,), F32, "norm"))

    weights("token_embd", d, VOCAB_SIZE, table)
    if shape.ple_dim:
        weights("per_layer_token_embd", shape.ple_dim * shape.n_layers, VOCAB_SIZE, table)
        weights("per_layer_model_proj", d, shape.ple_dim * shape.n_layers, BF16)
        norm("per_layer_proj_norm", shape.ple_dim)
    norm("output_norm", d)
    out.append(Tensor("rope_freqs.weight", (shape.global_head_dim // 2,), F32, "rope_freqs"))
    for i in range(shape.n_layers):
        layer = f"blk.{i}."
        better = Q6_K if quantisation == "q4_k_m" and has_more_bits(i, shape.n_layers) else matrix
        head = shape.head_size(i)
        q_rows, kv_rows = head * shape.n_heads, head * shape.kv_heads(i)
        norm(layer + "attn_norm", d)
        weights(layer + "attn_q", d, q_rows)
        norm(layer + "attn_q_norm", head)
        if shape.owns_kv(i) or dead_kv:
            weights(layer + "attn_k", d, kv_rows)
            norm(layer + "attn_k_norm", head)
            if not (shape.v_is_k and shape.is_global(i)):
                weights(layer + "attn_v", d, kv_rows, better)
        weights(layer + "attn_output", q_rows, d)
        norm(layer + "post_attention_norm", d)
        norm(layer + "ffn_norm", d)
        weights(layer + "ffn_gate", d, shape.ff(i))
        weights(layer + "ffn_up", d, shape.ff(i))
        weights(layer + "ffn_down", shape.ff(i), d, better)
        norm(layer + "post_ffw_norm", d)
        out.append(Tensor(layer + "layer_output_scale.weight", (1,), F32, "ones"))
        if shape.n_experts:
            weights(layer + "ffn_gate_inp", d, shape.n_experts, F32)
            norm(layer + "ffn_gate_inp", d, ".scale")
            weights(layer + "ffn_gate_up_exps", d, 2 * shape.expert_d_ff, n_experts=shape.n_experts)
            weights(layer + "ffn_down_exps", shape.expert_d_ff, d, better, shape.n_experts)
            norm(layer + "ffn_down_exps", shape.n_experts, ".scale")
            norm(layer + "pre_ffw_norm_2", d)
            norm(layer + "post_ffw_norm_1", d)
            norm(layer + "post_ffw_norm_2", d)
        if shape.ple_dim:
            weights(layer + "inp_gate", d, shape.ple_dim)
            weights(layer + "proj", shape.ple_dim, d)
            norm(layer + "post_norm", d)
    return out
