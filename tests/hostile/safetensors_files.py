"""safetensors: the header's length and JSON, the entries, offsets, names and metadata."""

import json
import struct

from case import CORRUPT, IO, LIMIT, NOT_FOUND, READ, UNSUPPORTED, USAGE, Hole, Link, seeded
from containers import safetensors_bytes
from folder_parts import case, header, tensors, weights

NAME = "model.safetensors"
LAYER = "model.language_model.layers.0."
UP = LAYER + "mlp.up_proj.weight"
NORM = LAYER + "input_layernorm.weight"


def file(name, content, expect, *words, **more):
    return case(name, {NAME: content}, expect, *words, **more)


def raw(text, data=b""):
    text = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(text)) + text + data


def changed(**fields):
    """The whole file with fields of one entry changed; None removes one."""
    h = header()
    for key, v in fields.items():
        if v is None:
            del h[UP][key]
        else:
            h[UP][key] = v
    return weights(h)


def lengths():
    whole = weights()
    yield file("header-control", whole, READ)
    for n in (0, 1, len(whole) - 8, 1 << 20):
        yield file(f"header-length-{n}", struct.pack("<Q", n) + whole[8:], CORRUPT)
    for n in (100_000_000, 100_000_001, 1 << 31, 1 << 32, 1 << 62, 1 << 63, (1 << 64) - 8, (1 << 64) - 1):
        expect = CORRUPT if n <= 100_000_000 else LIMIT
        yield file(f"header-length-{n:x}", struct.pack("<Q", n) + whole[8:], expect)
    for n in (0, 1, 7, 8, 9, 10, 100, 5000, 20_000, len(whole) // 2, len(whole) - 1):
        yield file(f"header-cut-{n}", whole[:n], CORRUPT)
    (length,) = struct.unpack_from("<Q", whole)
    for d in (-2, -1, 1, 2):
        yield file(f"header-length-off-by-{d}", struct.pack("<Q", length + d) + whole[8:], CORRUPT)
    spaces = json.dumps(header()).encode()
    yield file("header-padded", raw(spaces + b" " * 4096, b"".join(t.data for t in tensors().values())), READ)
    yield file("header-sparse", Hole(struct.pack("<Q", 90 << 20) + b"{", 1 << 40), CORRUPT)
    yield file("header-sparse-spaces", struct.pack("<Q", 90_000_000) + b"{" + b" " * 90_000_000, LIMIT)
    yield file("header-sparse-behind", Hole(whole, 1 << 40), CORRUPT)


def jsons():
    for label, text in (("empty", ""), ("brace", "{"), ("list", "[]"), ("number", "5"), ("null", "null"), ("string", '"x"'),
                        ("two", "{}{}"), ("comma", '{"a":{},}'), ("nan", '{"a":NaN}'), ("comment", "{/**/}"),
                        ("single-quotes", "{'a':1}"), ("not-utf8", b'{"\xff":{}}'), ("bom", b"\xef\xbb\xbf{}"),
                        ("utf-16", '{"a":1}'.encode("utf-16")), ("nul", b'{"a\0":{}}'), ("nul-behind", b"{}\0"),
                        ("lone-surrogate", '{"\\ud800":{}}'), ("control", b'{"a\x01":{}}'), ("unclosed", '{"a":{"dtype":"F32"'),
                        ("escape", '{"\\x":{}}')):
        yield file(f"json-{label}", raw(text), CORRUPT)
    yield file("json-no-tensors", raw("{}"), CORRUPT, "embed_tokens")
    for depth in (10, 64, 1023, 1025, 100_000, 5_000_000):
        yield file(f"json-depth-{depth}", raw('{"a":' * depth), CORRUPT)
        yield file(f"json-depth-lists-{depth}", raw('{"a":' + "[" * depth + "]" * depth + "}"), CORRUPT)
        h = {"x": 0, **header()}
        text = json.dumps(h).replace('"x": 0', '"x":{"dtype":"F32","shape":' + "[" * depth + "]" * depth + ',"data_offsets":[0,0]}')
        yield file(f"json-depth-in-shape-{depth}", raw(text), CORRUPT)
    for n, expect in ((1_000_000, CORRUPT), (20_000_000, LIMIT)):  # 2 MB and 40 MB
        yield file(f"json-bloat-list-{n}", raw("[" + "0," * n + "0]"), CORRUPT)
        yield file(f"json-bloat-shape-{n}", raw('{"a":{"dtype":"F32","data_offsets":[0,4],"shape":[' + "1," * n + "1]}}"), LIMIT)
        yield file(f"json-bloat-metadata-{n}", raw('{"__metadata__":{"a":[' + "0," * n + "0]}}"), CORRUPT)
        yield file(f"json-bloat-unknown-{n}", raw('{"a":{"b":[' + "0," * n + "0]}}"), expect)
        yield file(f"json-bloat-unknown-strings-{n}", raw('{"a":{"b":[' + '"",' * n + '""]}}'), expect)
        yield file(f"json-bloat-twice-{n}", raw('{"a":{' + '"b":0,' * n + '"b":0}}'), expect)
    yield file("json-bloat-spaces", raw("{" + " " * (30 << 20) + "}"), LIMIT)
    yield file("json-bloat-string", raw('{"a":"' + "x" * (30 << 20) + '"}'), LIMIT)
    yield file("json-bloat-quotes", raw('{"a":"' + "\\\"" * (15 << 20) + '"}'), LIMIT)
    yield file("json-bloat-name", raw('{"' + "x" * (30 << 20) + '":{}}'), LIMIT)
    yield file("json-bloat-digits", raw('{"a":{"shape":[' + "1" * (30 << 20) + ']}}'), LIMIT)
    for n, expect in ((4 << 20, READ), ((4 << 20) + 2, LIMIT)):
        text = json.dumps({"__metadata__": {"a": "x" * (n - 1)}, **header()})
        yield file(f"json-bloat-metadata-string-{n}", raw(text, b"".join(t.data for t in tensors().values())), expect)
    pieces = {str(i): "x" * (3 << 20) for i in range(6)}
    yield file("json-bloat-metadata-strings", weights({"__metadata__": pieces, **header()}), LIMIT)


def many():
    """200,000 names are twice what is allowed, and refused within a second; 100,000 are read."""
    def names(n, size=4):
        return {f"t{i}": {"dtype": "F32", "shape": [1], "data_offsets": [size * i, size * (i + 1)]} for i in range(n)}

    for n in (100_001, 200_000, 400_000):
        yield file(f"many-{n}", raw(json.dumps(names(n)), bytes(4 * n)), LIMIT, "100000")
    yield file("many-100000", raw(json.dumps(names(100_000)), bytes(400_000)), CORRUPT, "embedding table")
    text = json.dumps(names(1))[1:-1] + ","
    yield file("many-times-the-same", raw("{" + (text * 99_999)[:-1] + "}", bytes(4)), CORRUPT, "twice")
    long = {f"{i:0250}": {"dtype": "F32", "shape": [1] * 8, "data_offsets": [4 * i, 4 * i + 4]} for i in range(100_000)}
    yield file("many-long-names", raw(json.dumps(long), bytes(400_000)), CORRUPT, "embedding table", mib=128)
    yield file("many-empty", raw("{" + ",".join(f'"{i}":{{}}' for i in range(200_000)) + "}"), CORRUPT)
    yield file("many-metadata", raw(json.dumps({"__metadata__": {f"k{i}": "v" for i in range(200_000)}})), LIMIT)


def shapes():
    rows, width = tensors()[UP].shape
    for label, shape, expect in (
        ("zero", [0, width], CORRUPT), ("zero-both", [0, 0], CORRUPT), ("negative", [-rows, width], CORRUPT),
        ("negative-both", [-rows, -width], CORRUPT), ("float", [rows, width + 0.5], CORRUPT), ("text", [rows, "64"], CORRUPT),
        ("null", [rows, None], CORRUPT), ("bool", [True, width], CORRUPT), ("nested", [[rows], width], CORRUPT),
        ("object", [{}], CORRUPT), ("string", "64", CORRUPT), ("number", 64, CORRUPT), ("wrap-64", [1 << 32, 1 << 32], CORRUPT),
        ("wrap-to-it", [1 << 33, (1 << 31) + 1], CORRUPT), ("wrap-three", [1 << 22, 1 << 21, 1 << 21], CORRUPT),
        ("2^63", [1 << 63, 1], CORRUPT), ("2^64", [1 << 64, 1], CORRUPT), ("10^400", [10**400, 1], CORRUPT),
        ("1e3", [1e3, 64], CORRUPT), ("double", [rows, 2 * width], CORRUPT), ("half", [rows, width // 2], CORRUPT),
        ("flipped", [width, rows], CORRUPT), ("flat", [rows * width], CORRUPT), ("none", [], CORRUPT),
        ("eight", [rows, width, 1, 1, 1, 1, 1, 1], CORRUPT), ("nine", [rows, width, 1, 1, 1, 1, 1, 1, 1], LIMIT),
    ):
        yield file(f"shape-{label}", changed(shape=shape), expect, UP)
    yield file("shape-absent", changed(shape=None), CORRUPT, UP)


def dtypes():
    for label, dtype, expect in (("number", 5, CORRUPT), ("null-text", "null", UNSUPPORTED), ("empty", "", UNSUPPORTED),
                                 ("f13", "F13", UNSUPPORTED), ("lower", "bf16", UNSUPPORTED), ("q4", "Q4_0", UNSUPPORTED),
                                 ("escape", "\x1b[2J", UNSUPPORTED), ("long", "F" * 10_000, UNSUPPORTED), ("list", [], CORRUPT),
                                 ("wider", "F32", CORRUPT), ("narrower", "U8", CORRUPT), ("bool", "BOOL", CORRUPT),
                                 ("f8", "F8_E4M3", UNSUPPORTED), ("f64", "F64", CORRUPT)):
        yield file(f"dtype-{label}", changed(dtype=dtype), expect, UP)
    yield file("dtype-absent", changed(dtype=None), CORRUPT, UP)
    yield file("dtype-i16", changed(dtype="I16"), UNSUPPORTED, UP)


def offsets():
    begin, end = header()[UP]["data_offsets"]
    size, total = end - begin, sum(len(t.data) for t in tensors().values())
    for label, at in (
        ("absent", None), ("text", "0"), ("one", [begin]), ("three", [begin, end, end]), ("none", []), ("null", [None, end]),
        ("reversed", [end, begin]), ("negative", [-size, 0]), ("minus-one", [-1, size - 1]), ("float", [begin + 0.5, end + 0.5]),
        ("whole-floats", [float(begin), float(end)]), ("strings", [str(begin), str(end)]), ("nested", [[begin], end]),
        ("short", [begin, end - 2]), ("long", [begin, end + 2]), ("empty", [begin, begin]), ("behind", [total, total + size]),
        ("past-end", [total - size + 2, total + 2]), ("2^32", [begin + (1 << 32), end + (1 << 32)]),
        ("2^62", [1 << 62, (1 << 62) + size]), ("sign", [1 << 63, (1 << 63) + size]),
        ("wraps", [(1 << 64) - size, 0]), ("top", [(1 << 64) - 1 - size, (1 << 64) - 1]), ("2^64", [1 << 64, (1 << 64) + size]),
        ("10^400", [10**400, 10**400 + size]), ("object", {"begin": begin, "end": end}), ("bool", [False, True]),
    ):
        words = () if label in ("long",) else (UP,)
        yield file(f"off-{label}", changed(data_offsets=at), CORRUPT, *words)
    yield file("off-overlap-first", changed(data_offsets=[0, size]), CORRUPT, "overlap")
    yield file("off-overlap-by-two", changed(data_offsets=[begin + 2, end + 2]), CORRUPT, "overlap")
    h = header()
    for entry in h.values():
        entry["data_offsets"] = [0, entry["data_offsets"][1] - entry["data_offsets"][0]]
    yield file("off-all-at-0", weights(h), CORRUPT, "overlap")
    data = b"".join(t.data for t in tensors().values())
    yield file("off-trailing-byte", weights(data=data + b"x"), CORRUPT)
    yield file("off-trailing-megabyte", weights(data=data + bytes(1 << 20)), CORRUPT)
    yield file("off-leading-hole", _moved(64), CORRUPT)
    h = header()
    for name, entry in h.items():
        if entry["data_offsets"][0] > begin:
            entry["data_offsets"] = [x + 128 for x in entry["data_offsets"]]
    yield file("off-hole", weights(h, data[:end] + bytes(128) + data[end:]), CORRUPT)


def _moved(by):
    h = header()
    for entry in h.values():
        entry["data_offsets"] = [x + by for x in entry["data_offsets"]]
    return weights(h, bytes(by) + b"".join(t.data for t in tensors().values()))


def zeros():
    whole = header()
    end = max(e["data_offsets"][1] for e in whole.values())
    for label, at, shape in (("inside", 0, [0]), ("at-end", end, [0]), ("wide", 0, [0, 1 << 40]), ("middle", 100, [4, 0, 4])):
        h = {**whole, "zero": {"dtype": "F32", "shape": shape, "data_offsets": [at, at]}}
        yield file(f"zero-{label}", weights(h), CORRUPT, "zero")
    for label in ("begin", "end"):
        h = header()
        h[UP]["shape"], h[UP]["data_offsets"] = [0, 64], h[UP]["data_offsets"][:1] * 2
        yield file(f"zero-in-place-{label}", weights(h), CORRUPT, UP)


def names():
    for label, new, expect, word in (("empty", "", LIMIT, "1 to 256"), ("257", "x" * 257, LIMIT, "256"),
                                     ("256", "x" * 256, CORRUPT, UP), ("escape", "\x1b[2J\n", CORRUPT, UP),
                                     ("nul", UP + "\0", CORRUPT, UP), ("other", LAYER + "mlp.sideways", CORRUPT, UP),
                                     ("layer-7", UP.replace("s.0.", "s.7."), CORRUPT, UP),
                                     ("layer-huge", UP.replace("s.0.", f"s.{1 << 64}."), CORRUPT, UP),
                                     ("unicode", "model.\U0001F600", CORRUPT, UP)):
        h = {new if name == UP else name: entry for name, entry in header().items()}
        yield file(f"name-{label}", weights(h), expect, word)
    text = json.dumps(header())
    yield file("name-twice", weights(text.replace(UP, LAYER + "mlp.gate_proj.weight").encode()), CORRUPT, "twice")
    escaped = text.replace(UP, "\\u006d" + (LAYER + "mlp.gate_proj.weight")[1:])
    yield file("name-twice-escaped", weights(escaped.encode()), CORRUPT, "twice")
    yield file("name-key-twice", weights(text.replace('"dtype": "BF16"', '"dtype": "F32", "dtype": "BF16"', 1).encode()), CORRUPT)
    for name in (UP, NORM, "model.language_model.norm.weight", LAYER + "layer_scalar"):
        others = {k: t for k, t in tensors().items() if k != name}
        yield file(f"name-missing-{name.rpartition('model.')[2]}", safetensors_bytes(others), CORRUPT, name)
    for label, new, shown in (("escape", "\x1b[2J\n", "\\x1B"), ("layer-7", UP.replace("s.0.", "s.7."), "layers.7."),
                              ("prefix", "model.language_model", "model.language_model")):
        h = header()
        end = max(e["data_offsets"][1] for e in h.values())
        h[new] = {"dtype": "U8", "shape": [2], "data_offsets": [end, end + 2]}
        data = b"".join(t.data for t in tensors().values()) + b"xy"
        yield file(f"name-more-{label}", weights(h, data), CORRUPT, shown)
    h = header()
    h[UP]["extra"] = 5
    yield file("name-unknown-field", weights(h), READ)


def metadata():
    for label, v, expect in (("list", [], CORRUPT), ("text", "x", CORRUPT), ("number", {"format": 5}, CORRUPT),
                             ("null", None, CORRUPT), ("null-value", {"format": None}, CORRUPT), ("bool", {"a": True}, CORRUPT),
                             ("nested", {"a": {"b": "c"}}, CORRUPT), ("list-value", {"a": ["b"]}, CORRUPT), ("empty", {}, READ),
                             ("plain", {"format": "pt"}, READ), ("escape", {"\x1b[2J": "\x1b[2J"}, READ),
                             ("bad-escape-key", {"\x1b[2J": 5}, CORRUPT), ("empty-key", {"": ""}, READ)):
        yield file(f"metadata-{label}", weights({"__metadata__": v, **header()}), expect,
                   *(("__metadata__",) if expect != READ else ()))
    twice = json.dumps({"__metadata__": {"a": "b"}, **header()})
    yield file("metadata-twice", weights(twice.replace("{", '{"__metadata__": {"a": "c"}, ', 1).encode()), CORRUPT, "__metadata__")


def values():
    for label, name, at, bits, words in (("nan", UP, 1000, 0x7FC0, (UP,)), ("infinite", UP, 0, 0x7F80, (UP,)),
                                         ("norm-nan", NORM, 5, 0x7FC0, (NORM, "element 5")),
                                         ("norm-infinite", NORM, 0, 0xFF80, (NORM,)),
                                         ("scalar-nan", LAYER + "layer_scalar", 0, 0x7FC0, ("layer_scalar",))):
        data = bytearray(b"".join(t.data for t in tensors().values()))
        begin = header()[name]["data_offsets"][0] + 2 * at
        data[begin : begin + 2] = struct.pack("<H", bits)
        yield file(f"value-{label}", weights(data=bytes(data)), CORRUPT, *words)


def flips():
    whole = weights()
    (length,) = struct.unpack_from("<Q", whole)
    random = seeded("safetensors flips")
    for i in range(60):
        content, at = bytearray(whole), random.randrange(8 + length)
        content[at] ^= 1 << random.randrange(8)
        yield file(f"flip-{i}-at-{at}", bytes(content), "either")


def places():
    """What is no file, in place of one."""
    yield file("place-dangling", Link("nowhere"), NOT_FOUND)
    yield file("place-loop", Link(NAME), IO)
    yield file("place-device", Link("/dev/zero"), USAGE)
    yield file("place-null", Link("/dev/null"), USAGE)
    yield file("place-folder-link", Link("."), USAGE)
    yield file("place-absent", None, NOT_FOUND, "model.safetensors")
    yield file("place-other-format", b"GGUF" + bytes(100), LIMIT)


def cases():
    for make in (lengths, jsons, many, shapes, dtypes, offsets, zeros, names, metadata, values, flips, places):
        yield from make()
