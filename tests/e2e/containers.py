"""GGUF and safetensors files as plain Python values, so that a test can change one thing and write the file again.

The writers put down whatever they are told: wrong counts, overlapping offsets and impossible shapes are the point.
"""

import array
import dataclasses
import json
import pathlib
import struct
import sys

# ---- safetensors


@dataclasses.dataclass
class Tensor:
    dtype: str
    shape: list
    data: bytes

    def values(self):
        """As an array of floats or ints. Not for bf16."""
        code = {"F32": "f", "I32": "i", "I64": "q"}[self.dtype]
        values = array.array(code, self.data)
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def row(self, i):
        """Of a 2-dimensional tensor."""
        return self.values()[i * self.shape[1] : (i + 1) * self.shape[1]]


def read_safetensors(path):
    """{name: Tensor}, and the file's __metadata__."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    data = content[8 + length :]
    return {
        name: Tensor(entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
        for name, entry in header.items()
    }, metadata


def safetensors_header(tensors):
    """The header that fits `tensors`, as a dict to be changed."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        end = offset + len(tensor.data)
        header[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [offset, end]}
        offset = end
    return header


def safetensors_bytes(tensors, header=None):
    """The file of `tensors`, with another header (a dict, or its bytes) if given."""
    header = safetensors_header(tensors) if header is None else header
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(t.data for t in tensors.values())


# ---- GGUF. Type numbers are on disk.

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64 = 4, 5, 6, 7, 8, 9, 10
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
GGML_F32, GGML_Q4_0, GGML_Q8_0, GGML_I8 = 0, 2, 8, 24


@dataclasses.dataclass
class GgufTensor:
    dims: list  # fastest first, as in the file
    type: int
    data: bytes  # with the padding behind it


class Gguf:
    """`metadata`: {key: (type, value)}; of an array the value is (element type, list); strings are bytes."""

    def __init__(self, metadata=None, tensors=None):
        self.metadata = metadata or {}
        self.tensors = tensors or {}

    @classmethod
    def read(cls, path, with_tensors=True):
        content = pathlib.Path(path).read_bytes()
        at = 0

        def scalar(kind):
            nonlocal at
            form = "<" + _SCALARS[kind]
            (value,) = struct.unpack_from(form, content, at)
            at += struct.calcsize(form)
            return value

        def string():
            nonlocal at
            length = scalar(UINT64)
            at += length
            return content[at - length : at]

        def value_of(kind):
            if kind == STRING:
                return string()
            if kind != ARRAY:
                return scalar(kind)
            element, count = scalar(UINT32), scalar(UINT64)
            return element, [string() if element == STRING else scalar(element) for _ in range(count)]

        assert content[:4] == b"GGUF"
        at = 4
        assert scalar(UINT32) == 3
        n_tensors, n_keys = scalar(UINT64), scalar(UINT64)
        gguf = cls()
        for _ in range(n_keys):
            key = string().decode()
            kind = scalar(UINT32)
            gguf.metadata[key] = (kind, value_of(kind))
        if not with_tensors:
            return gguf
        infos = []
        for _ in range(n_tensors):
            name = string().decode()
            dims = [scalar(UINT64) for _ in range(scalar(UINT32))]
            infos.append((name, dims, scalar(UINT32), scalar(UINT64)))
        alignment = gguf.metadata.get("general.alignment", (UINT32, 32))[1]
        data = -(-at // alignment) * alignment
        ends = sorted(offset for *_, offset in infos)[1:] + [len(content) - data]
        for name, dims, kind, offset in sorted(infos, key=lambda info: info[3]):
            gguf.tensors[name] = GgufTensor(dims, kind, content[data + offset : data + ends.pop(0)])
        return gguf

    def to_bytes(self, magic=b"GGUF", version=3, n_tensors=None, n_keys=None, offsets=None):
        """The file; counts and data offsets ({tensor name: offset}) other than the true ones if given."""

        def string(value):
            value = value if isinstance(value, bytes) else value.encode()
            return struct.pack("<Q", len(value)) + value

        def value_of(kind, value):
            if kind == STRING:
                return string(value)
            if kind != ARRAY:
                return struct.pack("<" + _SCALARS[kind], value)
            element, items = value
            return struct.pack("<IQ", element, len(items)) + b"".join(value_of(element, item) for item in items)

        out = bytearray(magic + struct.pack("<I", version))
        out += struct.pack("<QQ", len(self.tensors) if n_tensors is None else n_tensors,
                           len(self.metadata) if n_keys is None else n_keys)
        for key, (kind, value) in self.metadata.items():
            out += string(key) + struct.pack("<I", kind) + value_of(kind, value)
        data = bytearray()
        for name, tensor in self.tensors.items():
            offset = (offsets or {}).get(name, len(data))
            out += string(name) + struct.pack("<I", len(tensor.dims))
            out += struct.pack(f"<{len(tensor.dims)}Q", *tensor.dims) + struct.pack("<IQ", tensor.type, offset)
            data += tensor.data + bytes(-len(tensor.data) % 32)
        return bytes(out) + bytes(-len(out) % 32) + bytes(data)
