"""A GGUF file as lists of encoded parts, so that anything can be there twice, missing, or of another kind than it says."""

import copy
import functools
import struct

from case import MODELS, Case
from containers import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, UINT64, Gguf

U8, I8, U16, I16, I64, F64 = 0, 1, 2, 3, 11, 12
_FORMS = {U8: "B", I8: "b", U16: "H", I16: "h", UINT32: "I", INT32: "i", FLOAT32: "f", BOOL: "B", UINT64: "Q", I64: "q",
          F64: "d"}
ALIGNMENT = 32

E2B = MODELS / "e2b" / "model-q4_0.gguf"
MOE = MODELS / "26b-a4b" / "model-q8_0.gguf"
GEMMA3 = MODELS / "gemma3" / "model-q8_0.gguf"


def string(text):
    text = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(text)) + text


def number(kind, value):
    return struct.pack("<" + _FORMS[kind], value)


def array(element, payload, count=None):
    """`payload`: a list of encoded elements, or the bytes with their count."""
    count = len(payload) if count is None else count
    payload = payload if isinstance(payload, bytes) else b"".join(payload)
    return struct.pack("<IQ", element, count) + payload


def value(kind, v):
    """Encoded; of an array v is (element type, list)."""
    if kind == STRING:
        return string(v)
    if kind == ARRAY:
        return array(v[0], [value(v[0], item) for item in v[1]])
    return number(kind, v)


class Parts:
    """entries [[key, type number, encoded value]], infos [[name, dims, type, offset]], data."""

    def __init__(self, entries=(), infos=(), data=b""):
        self.entries, self.infos, self.data = list(entries), list(infos), data

    def entry(self, key):
        return next(e for e in self.entries if e[0] == key)

    def set(self, key, kind, v, encoded=None):
        new = [key, kind, value(kind, v) if encoded is None else encoded]
        for i, e in enumerate(self.entries):
            if e[0] == key:
                self.entries[i] = new
                return self
        self.entries.append(new)
        return self

    def remove(self, key):
        self.entries = [e for e in self.entries if e[0] != key]
        return self

    def info(self, name):
        return next(i for i in self.infos if i[0] == name)

    def header(self, magic=b"GGUF", version=3, n_tensors=None, n_keys=None):
        out = bytearray(magic + struct.pack("<IQQ", version, len(self.infos) if n_tensors is None else n_tensors,
                                            len(self.entries) if n_keys is None else n_keys))
        for key, kind, encoded in self.entries:
            out += string(key) + struct.pack("<I", kind) + encoded
        for name, dims, kind, offset in self.infos:
            out += string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
        return bytes(out)

    def to_bytes(self, alignment=ALIGNMENT, **changes):
        header = self.header(**changes)
        return header + bytes(-len(header) % alignment) + self.data


@functools.lru_cache(None)
def _read(path):
    gguf = Gguf.read(path)
    parts = Parts([[key, kind, value(kind, v)] for key, (kind, v) in gguf.metadata.items()])
    data = bytearray()
    for name, tensor in gguf.tensors.items():
        parts.infos.append([name, list(tensor.dims), tensor.type, len(data)])
        data += tensor.data + bytes(-len(tensor.data) % ALIGNMENT)
    parts.data = bytes(data)
    assert parts.to_bytes() == path.read_bytes()
    return parts, gguf


def model(path=E2B):
    """A golden model's parts, to be changed."""
    parts = _read(path)[0]
    return Parts(copy.deepcopy(parts.entries), copy.deepcopy(parts.infos), parts.data)


def metadata(path=E2B):
    """{key: (type, value)} of a golden model."""
    return _read(path)[1].metadata


ASK = ["ask", "x", "--model", "@m.gguf", "--max-tokens", "3", "--json-lines", "--threads", "1", "--no-cache"]


def case(name, content, expect, *words, **more):
    """Of a file m.gguf: asked, shown, and its vocabulary used."""
    words = words if words or isinstance(expect, str) else ()
    named = ("m.gguf",) if not isinstance(expect, str) else ()
    files = content if isinstance(content, dict) else {"m.gguf": content}
    commands = [ASK, ["show", "@m.gguf", "--json"]]
    if "tokenizer" in name:
        commands.append(["tokenize", "@m.gguf"])
    return Case(name, files, commands, expect, named + words, **{"stdin": b"ab c", **more})
