"""GGUF: counts, lengths, value types, alignment, names, and files that end early."""

import struct

from case import CORRUPT, EITHER, LIMIT, NOT_FOUND, READ, UNSUPPORTED, Hole, seeded
from containers import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, UINT64
from gguf_parts import E2B, GEMMA3, MOE, Parts, array, case, model, number, string

U64_MAX = (1 << 64) - 1
KEY = "general.extra"  # no reader knows it


def with_entry(key, kind, encoded, at=None):
    parts = model()
    parts.entries.insert(len(parts.entries) if at is None else at, [key, kind, encoded])
    return parts


def controls():
    for path in (E2B, MOE, GEMMA3):
        yield case(f"control-{path.parent.name}", path.read_bytes(), READ)
    yield case("control-trailing-bytes", model().to_bytes() + b"x" * 1000, READ)
    yield case("control-extra-keys", with_entry(KEY, STRING, string("x")).to_bytes(), READ)
    many = model()
    many.entries += [[f"k{i}", UINT32, number(UINT32, i)] for i in range(20_000)]
    yield case("control-20000-keys", many.to_bytes(), READ)
    many.entries += [[f"l{i}", UINT32, number(UINT32, i)] for i in range(1_000_000 - len(many.entries))]
    yield case("control-1000000-keys", many.to_bytes(), READ, seconds=2, mib=96)
    many.remove("gemma4.context_length")
    yield case("count-n_keys-999999-and-none-of-it", many.to_bytes(), NOT_FOUND, mib=96)  # 24 of them the file's pages
    for kind, encoded in ((0, b"\1"), (1, b"\1"), (2, b"\1\0"), (3, b"\1\0"), (4, bytes(4)), (5, bytes(4)), (6, bytes(4)),
                          (7, b"\0"), (8, string("")), (9, array(UINT32, [])), (10, bytes(8)), (11, bytes(8)),
                          (12, bytes(8))):
        yield case(f"control-key-of-type-{kind}", with_entry(KEY, kind, encoded).to_bytes(), READ)


def counts():
    for what, limit in (("n_tensors", 100_000), ("n_keys", 1_000_000)):
        for n in (limit + 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 61, (1 << 61) + 1, 1 << 63, U64_MAX - 1, U64_MAX):
            word = "tensors" if what == "n_tensors" else "metadata keys"
            yield case(f"count-{what}-{n:x}", model().to_bytes(**{what: n}), LIMIT, word, "at most")
    for n in (0, 1, 60, 124):  # the other descriptions are taken for tensor data
        yield case(f"count-n_tensors-{n}", model().to_bytes(n_tensors=n), UNSUPPORTED if n >= 60 else CORRUPT)
    for n in (126, 200, 100_000):
        yield case(f"count-n_tensors-{n}", model().to_bytes(n_tensors=n), EITHER)
    for n in (0, 1, 10, 32, 34, 1000, 1_000_000):
        yield case(f"count-n_keys-{n}", model().to_bytes(n_keys=n), EITHER)
    yield case("count-nothing", Parts().to_bytes(), NOT_FOUND, "general.architecture")
    for element in (UINT32, STRING, BOOL, FLOAT32):
        for n in (1 << 40, (1 << 61) + 1, (1 << 62) + 1, 1 << 63, U64_MAX):
            yield case(f"count-array-{element}-{n:x}", with_entry(KEY, ARRAY, array(element, b"", n)).to_bytes(), LIMIT,
                       KEY, "allowed")
        expect = LIMIT if element == STRING else CORRUPT  # of strings, what follows is taken for their lengths
        yield case(f"count-array-{element}-beyond-file", with_entry(KEY, ARRAY, array(element, b"", 900_000)).to_bytes(),
                   expect, KEY)


def lengths():
    for n in (17 << 20, 1 << 31, 1 << 32, 1 << 62, 1 << 63, U64_MAX - 7, U64_MAX):
        yield case(f"length-string-{n:x}", with_entry(KEY, STRING, struct.pack("<Q", n)).to_bytes(), LIMIT, KEY)
        yield case(f"length-element-{n:x}", with_entry(KEY, ARRAY, array(STRING, struct.pack("<Q", n), 1)).to_bytes(),
                   LIMIT, KEY)
        start = Parts().header(n_tensors=1, n_keys=1)
        yield case(f"length-key-{n:x}", start + struct.pack("<Q", n) + bytes(100), LIMIT, "metadata key 0")
        name = model()
        begin = len(Parts(name.entries).header())
        whole = bytearray(name.to_bytes())
        whole[begin : begin + 8] = struct.pack("<Q", n)
        yield case(f"length-tensor-name-{n:x}", bytes(whole), LIMIT, "the name of tensor 0")
    # Within the limit and beyond the file.
    last = model()
    last.infos, last.data = [], b""
    last.entries.append([KEY, STRING, struct.pack("<Q", 1 << 20) + b"short"])
    yield case("length-string-beyond-file", last.header(), CORRUPT, KEY, "ends inside")
    last.entries[-1] = [KEY, ARRAY, array(STRING, string("a") + struct.pack("<Q", 1 << 20), 2)]
    yield case("length-element-beyond-file", last.header(), CORRUPT, KEY, "ends inside")
    for n, expect in ((16 << 20, READ), ((16 << 20) + 1, LIMIT)):
        yield case(f"length-long-string-{n}", with_entry(KEY, STRING, string(b"x" * n)).to_bytes(), expect)
    for n, expect in ((65_535, READ), (65_536, LIMIT)):
        yield case(f"length-long-key-{n}", with_entry("k" * n, UINT32, bytes(4)).to_bytes(), expect)


def nesting():
    for depth in (1, 2, 3, 10, 100, 10_000, 1_000_000):
        inner = array(UINT32, [bytes(4)])
        encoded = struct.pack("<IQ", ARRAY, 1) * depth + inner
        yield case(f"nested-{depth}", with_entry(KEY, ARRAY, encoded).to_bytes(), UNSUPPORTED, KEY, "array of arrays")
    yield case("nested-wide", with_entry(KEY, ARRAY, array(ARRAY, [array(UINT32, [])] * 1000)).to_bytes(), UNSUPPORTED, KEY)
    yield case("nested-endless", with_entry(KEY, ARRAY, struct.pack("<IQ", ARRAY, U64_MAX) * 100).to_bytes(), UNSUPPORTED,
               KEY)


def kinds():
    for kind in (13, 14, 255, 1 << 16, 1 << 31, (1 << 32) - 1):
        yield case(f"kind-{kind}", with_entry(KEY, kind, bytes(8)).to_bytes(), CORRUPT, KEY, str(kind))
        yield case(f"kind-element-{kind}", with_entry(KEY, ARRAY, array(kind, bytes(8), 1)).to_bytes(), CORRUPT, KEY,
                   str(kind))
    for byte in (2, 127, 255):
        yield case(f"kind-bool-{byte}", with_entry(KEY, BOOL, bytes([byte])).to_bytes(), CORRUPT, KEY, str(byte))
        yield case(f"kind-element-bool-{byte}", with_entry(KEY, ARRAY, array(BOOL, bytes([0, 1, byte]), 3)).to_bytes(),
                   CORRUPT, KEY, str(byte))


def alignments():
    key = "general.alignment"
    for n in (0, 1, 2, 3, 4, 7, 31, 33, 48, 65_537, 1 << 17, 1 << 31, (1 << 32) - 1):
        yield case(f"align-{n}", with_entry(key, UINT32, number(UINT32, n)).to_bytes(), CORRUPT, key)
    for n in (1 << 33, 1 << 63, U64_MAX, 1 << 48):
        yield case(f"align-{n:x}", with_entry(key, UINT64, number(UINT64, n)).to_bytes(), CORRUPT, key)
    for kind, encoded in ((INT32, number(INT32, -32)), (FLOAT32, number(FLOAT32, 32)), (BOOL, b"\1"),
                          (STRING, string("32")), (ARRAY, array(UINT32, [number(UINT32, 32)]))):
        yield case(f"align-type-{kind}", with_entry(key, kind, encoded).to_bytes(), CORRUPT, key)
    yield case("align-8", with_entry(key, UINT32, number(UINT32, 8)).to_bytes(alignment=8), READ)
    wide = with_entry(key, UINT32, number(UINT32, 64))
    yield case("align-64-offsets-of-32", wide.to_bytes(alignment=64), CORRUPT, "alignment")
    shifted = with_entry(key, UINT32, number(UINT32, 65_536))
    shifted.data = b""
    for info, part in zip(shifted.infos, tensor_bytes(model())):
        info[3] = len(shifted.data)
        shifted.data += part + bytes(-len(part) % 65_536)
    yield case("align-65536", shifted.to_bytes(alignment=65_536), READ)


def tensor_bytes(parts):
    ends = [i[3] for i in parts.infos[1:]] + [len(parts.data)]
    return [parts.data[i[3] : end] for i, end in zip(parts.infos, ends)]


def names():
    for what, key in (("empty", ""), ("not-utf8", b"general.\xff"), ("half-utf8", b"general.\xe2\x96"),
                      ("surrogate", b"k\xed\xa0\x80"), ("overlong", b"k\xc0\xaf")):
        yield case(f"key-{what}", with_entry(key, UINT32, bytes(4)).to_bytes(), CORRUPT, "metadata key")
    yield case("key-with-escape", with_entry("\x1b[2J\n", UINT32, bytes(4)).to_bytes(), READ)
    for key in ("general.architecture", "gemma4.block_count", "tokenizer.ggml.tokens", "gemma4.attention.head_count"):
        parts = model()
        parts.entries.append(list(parts.entry(key)))
        yield case(f"twice-{key}", parts.to_bytes(), CORRUPT, key, "twice")
        parts.entries.insert(0, parts.entries.pop())
        yield case(f"twice-first-{key}", parts.to_bytes(), CORRUPT, key, "twice")
    yield case("twice-escape", with_entry("\x1b", UINT32, bytes(4)).to_bytes().replace(b"general.file_type", b"\x1b" * 17),
               READ)


def magics():
    whole = model().to_bytes()
    for what, content in (("empty", b""), ("one-byte", b"G"), ("magic-only", b"GGUF"), ("zip", b"PK\3\4" + whole[4:]),
                          ("swapped", b"FUGG" + whole[4:]), ("lower", b"gguf" + whole[4:]), ("ggml", b"lmgg" + whole[4:]),
                          ("ggjt", b"tjgg" + whole[4:]), ("text", b"GGU\n" + whole[4:]), ("zeros", bytes(10_000)),
                          ("ones", b"\xff" * 10_000), ("text-file", b"hello\n" * 1000)):
        yield case(f"magic-{what}", content, CORRUPT)
    for version in (0, 1, 2, 4, 5, 255, 3 << 24, 1 << 31, (1 << 32) - 1):
        yield case(f"version-{version}", model().to_bytes(version=version), UNSUPPORTED)
    yield case("magic-two-files", whole + whole, READ)  # bytes behind the last tensor are nobody's
    yield case("magic-sparse", Hole(whole[:24] + bytes(8), 1 << 40), CORRUPT, seconds=2)
    yield case("magic-sparse-behind", Hole(whole, 1 << 40), READ)


def truncations():
    whole = model().to_bytes()
    header = len(model().header())
    random = seeded("gguf truncations")
    at = {5, 7, 8, 12, 15, 16, 20, 23, 24, 25, 31, 32, header - 1, header, header + 1, len(whole) - 1, len(whole) - 33}
    at |= {random.randrange(33, header) for _ in range(60)} | {random.randrange(header, len(whole)) for _ in range(20)}
    at |= {1 << i for i in range(6, 18)}
    for n in sorted(at):
        yield case(f"cut-{n}", whole[:n], CORRUPT)


def flips():
    """Single bits and bytes of the header; some of them hit a name or an unused value and change nothing that counts."""
    whole = model().to_bytes()
    header = len(model().header())
    random = seeded("gguf flips")
    for i in range(100):
        content, at = bytearray(whole), random.randrange(header)
        content[at] = content[at] ^ 1 << random.randrange(8) if i % 2 else random.choice((0, 0x7F, 0x80, 0xFF))
        yield case(f"flip-{i}-at-{at}", bytes(content), EITHER)


def cases():
    for make in (controls, counts, lengths, nesting, kinds, alignments, names, magics, truncations, flips):
        yield from make()
