"""The golden Hugging Face folder with one file made otherwise."""

import functools
import json
import struct

from case import MODELS, Case
from containers import read_safetensors, safetensors_bytes, safetensors_header

FOLDER = MODELS / "e2b"
FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")


@functools.lru_cache(None)
def tensors():
    return read_safetensors(FOLDER / "model.safetensors")[0]


def header():
    """The header of the golden weights, to be changed."""
    return safetensors_header(tensors())


def weights(new_header=None, data=None):
    """model.safetensors with another header (a dict or bytes), or other data behind it."""
    whole = safetensors_bytes(tensors(), new_header)
    if data is None:
        return whole
    (length,) = struct.unpack_from("<Q", whole)
    return whole[: 8 + length] + data


def load(name):
    return json.loads((FOLDER / name).read_text())


ASK = ["ask", "x", "--model", "@.", "--max-tokens", "3", "--json-lines", "--threads", "1", "--no-cache"]


def case(name, changes, expect, *words, commands=(ASK, ["show", "@.", "--json"]), **more):
    """`changes`: {file name: content}, absent when None."""
    files = {f: changes.get(f, FOLDER / f) for f in (*changes, *(f for f in FILES if f not in changes))}
    files = {f: content for f, content in files.items() if content is not None}
    named = tuple(changes)[:1] if not isinstance(expect, str) and not words else ()
    return Case(name, files, [list(c) for c in commands], expect, named + words, **{"stdin": b"ab c", **more})
