"""GGUF tensors: dimensions, sizes in blocks, element types, offsets, names, and values that are no numbers."""

import struct

from case import CORRUPT, LIMIT, READ, UNSUPPORTED
from gguf_parts import MOE, case, model

UP, NORM, TABLE, ROPE = "blk.0.ffn_up.weight", "blk.2.attn_norm.weight", "token_embd.weight", "rope_freqs.weight"
U64_MAX = (1 << 64) - 1


def with_info(name, dims=None, kind=None, offset=None, new_name=None):
    parts = model()
    info = parts.info(name)
    for i, new in ((0, new_name), (1, dims), (2, kind), (3, offset)):
        if new is not None:
            info[i] = new
    return parts.to_bytes()


def dims():
    for name in (UP, NORM, TABLE):
        width = model().info(name)[1][0]
        for label, d in (("none", []), ("zero", [0]), ("zero-last", [width, 0]), ("five", [width, 1, 1, 1, 1]),
                         ("many", [1] * 64), ("minus-one", [U64_MAX]), ("minus", [width, U64_MAX - 31]),
                         ("sign", [width, 1 << 63]), ("2^62", [width, 1 << 62]), ("wrap-32", [1 << 32, 1 << 32]),
                         ("wrap-to-small", [1 << 33, 1 << 31]), ("wrap-four", [1 << 16] * 4),
                         ("wrap-odd", [(1 << 32) + 32, (1 << 32) - 32]), ("exabytes", [width, 1 << 55]),
                         ("beyond-file", [width, 1 << 30]), ("bit-31", [width, 1 << 31])):
            yield case(f"dims-{name}-{label}", with_info(name, d), CORRUPT, name)
    for d in ([32, 64], [64], [64, 16], [64, 4, 8], [64, 32, 2], [2048], [32, 2, 32]):
        yield case(f"dims-other-shape-{'x'.join(map(str, d))}", with_info(UP, d), CORRUPT, UP)
    yield case("dims-trailing-ones", with_info(NORM, [64, 1, 1, 1]), CORRUPT, NORM)
    yield case("dims-rope-of-17", with_info(ROPE, [17]), CORRUPT, ROPE)
    yield case("dims-experts", _experts([64, 64, 7]), CORRUPT, "blk.0.ffn_gate_up_exps.weight")
    yield case("dims-experts-flat", _experts([64, 384]), CORRUPT, "blk.0.ffn_gate_up_exps.weight")


def _experts(d):
    parts = model(MOE)
    parts.info("blk.0.ffn_gate_up_exps.weight")[1] = d
    return parts.to_bytes()


def blocks():
    """Element counts that are no whole blocks: of 32 elements, and of 256."""
    for kind, block in ((2, 32), (3, 32), (6, 32), (7, 32), (8, 32), (20, 32), (39, 32), (10, 256), (11, 256), (12, 256),
                        (13, 256), (14, 256), (23, 256)):
        for n in (1, block - 1, block + 1, 2 * block - 1):
            yield case(f"bytes-type-{kind}-of-{n}", with_info(UP, [n, 1], kind), CORRUPT, UP, "multiple")
        yield case(f"bytes-type-{kind}-huge", with_info(UP, [block, 1 << 58], kind), CORRUPT, UP)


def kinds():
    for kind in (4, 5, 31, 32, 33, 36, 37, 38, 77, 255, 1 << 16, 1 << 31, (1 << 32) - 1):
        yield case(f"dtype-{kind}", with_info(UP, kind=kind), UNSUPPORTED, UP, str(kind))
    for kind in (24, 25, 26, 27, 28):  # integers and doubles are known and no weights
        small = {24: [64, 16], 25: [64, 8], 26: [32, 8], 27: [32, 4], 28: [32, 4]}[kind]
        yield case(f"dtype-{kind}-integers", with_info(UP, small, kind), CORRUPT, UP)
        yield case(f"dtype-{kind}-norm", with_info(NORM, [32], kind), CORRUPT, NORM)
    for kind in (16, 17, 18, 19, 21, 22, 29, 34, 35):
        yield case(f"dtype-{kind}-of-32", with_info(UP, [32, 1], kind), CORRUPT, UP)


def offsets():
    size, names = len(model().data), [i[0] for i in model().infos]
    last = names[-1]
    for name in (UP, NORM, last):
        for label, at in (("overlap-first", 0), ("odd", 1), ("unaligned", 33), ("end", size), ("behind", size + 32),
                          ("2^62", 1 << 62), ("sign", 1 << 63), ("wraps", U64_MAX - 31), ("wraps-to-0", U64_MAX - 4095),
                          ("wraps-exactly", (1 << 64) - (len(model().header()) + 31) // 32 * 32), ("2^32", 1 << 32)):
            yield case(f"sum-{name}-{label}", with_info(name, offset=at), CORRUPT)
    for i in (1, 2, 30, 60, 124):
        parts = model()
        parts.infos[i][3] = parts.infos[i - 1][3]
        yield case(f"sum-same-place-{i}", parts.to_bytes(), CORRUPT, "overlap")
        parts.infos[i][3] += 32
        yield case(f"sum-inside-{i}", parts.to_bytes(), CORRUPT if i != 1 else CORRUPT)
    parts = model()
    parts.infos[-1][3] += 4096
    parts.data = parts.data[: model().infos[-1][3]] + bytes(4096) + parts.data[model().infos[-1][3] :]
    yield case("sum-gap", parts.to_bytes(), READ)
    parts = model()
    parts.infos.reverse()
    yield case("sum-reversed-table", parts.to_bytes(), READ)


def names():
    other = "blk.1.ffn_up.weight"
    for label, new, expect in (("empty", "", CORRUPT), ("not-utf8", b"blk.0.\xff", CORRUPT), ("long", "x" * 257, LIMIT),
                               ("256", "x" * 256, CORRUPT), ("twice", other, CORRUPT), ("escape", "\x1b[2J\n", CORRUPT),
                               ("layer-7", "blk.7.ffn_up.weight", CORRUPT), ("layer-minus", "blk.-1.ffn_up.weight", CORRUPT),
                               ("layer-huge", f"blk.{1 << 64}.ffn_up.weight", CORRUPT), ("case", UP.upper(), CORRUPT),
                               ("nul", UP + "\0", CORRUPT)):
        yield case(f"name-{label}", with_info(UP, new_name=new), expect)
    for i in (0, 1, 2, 3, 40, 124):
        parts = model()
        gone = parts.infos.pop(i)[0]
        yield case(f"name-missing-{gone}", parts.to_bytes(), READ if gone == ROPE else CORRUPT,
                   *((gone,) if gone != ROPE else ()))
    parts = model()
    parts.infos = []
    yield case("name-none", parts.to_bytes(), CORRUPT, "token_embd.weight")
    parts = model()
    parts.infos += [[f"blk.{i}.extra", [1], 0, len(parts.data) + 32 * i] for i in range(99_000)]
    parts.data += bytes(32 * 99_000)
    yield case("name-99000-more", parts.to_bytes(), CORRUPT, "blk.0.extra")
    parts.infos = parts.infos[:1] + [[parts.infos[0][0], [1], 0, len(parts.data)]] * 90_000
    yield case("name-90000-times-the-same", parts.to_bytes(), CORRUPT, "twice")


def values():
    """Scales and norms that are no numbers are found while packing; the sentence then has the plan above it."""
    for name, at, value, label in (
        (UP, 0, struct.pack("<H", 0x7E00), "nan"), (UP, 18 * 41, struct.pack("<H", 0x7C00), "infinite"),
        (TABLE, 0, struct.pack("<H", 0xFC00), "minus-infinite"), (NORM, 12, struct.pack("<f", float("nan")), "nan"),
        (NORM, 0, struct.pack("<f", float("-inf")), "infinite"),
        ("blk.6.layer_output_scale.weight", 0, struct.pack("<f", float("nan")), "nan"),
        ("blk.0.proj.weight", 6, struct.pack("<H", 0x7C00), "infinite"),
        (ROPE, 4, struct.pack("<f", float("nan")), "nan"), (ROPE, 0, struct.pack("<f", -1.0), "minus"),
    ):
        parts = model()
        begin = parts.info(name)[3] + at
        parts.data = parts.data[:begin] + value + parts.data[begin + len(value) :]
        yield case(f"value-{name}-{at}-{label}", parts.to_bytes(), UNSUPPORTED if name == ROPE else CORRUPT, name)
    parts = model()
    parts.data = b"\xff" * len(parts.data)
    yield case("value-all-ones", parts.to_bytes(), UNSUPPORTED)
    parts.data = bytes(len(parts.data))
    yield case("value-all-zero", parts.to_bytes(), UNSUPPORTED)


def cases():
    for make in (dims, blocks, kinds, offsets, names, values):
        yield from make()
