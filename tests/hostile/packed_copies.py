"""Packed copies (docs/formats/packed.md) that are damaged: never used, packed again, said once; the answer is the same."""

import functools
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

from case import READ, Case, Hole, Link, seeded
from gguf_parts import E2B

COPY = "m.gguf.carat-packed"
ASK = ["ask", "x", "--model", "@m.gguf", "--max-tokens", "3", "--json-lines", "--threads", "1", "--cache-min", "0"]


@functools.lru_cache(None)
def whole():
    """The copy that this very program writes: its layout is its own business, and changes."""
    with tempfile.TemporaryDirectory(prefix="carat-hostile-") as folder:
        model = pathlib.Path(folder) / "m.gguf"
        model.write_bytes(E2B.read_bytes())
        command = [a.replace("@m.gguf", str(model)) for a in ASK]
        environment = {"HOME": folder, "PATH": os.environ.get("PATH", "")}
        whole.answer = answer(subprocess.run([sys.argv[1], *command], check=True, capture_output=True, env=environment))
        return model.with_name(COPY).read_bytes()


LEFT_ALONE, PACKED_AGAIN, STAMPED, EITHER_WAY = "left alone", "packed again", "stamped again", "either way"


def copy(name, content, outcome):
    """`outcome`: what becomes of the copy. The same question is asked twice."""
    def check(folder, runs):
        return problems_of(folder, runs, content, outcome)

    return Case(name, {"m.gguf": E2B.read_bytes(), COPY: content}, [ASK, ASK], READ, check=check, recipe=outcome)


def answer(run):
    """What was said, without the times."""
    return [line for line in run.stdout.splitlines() if b'"type":"text"' in line]


def problems_of(folder, runs, content, outcome):
    about = [[n for n in run.stderr.decode().split("\n") if COPY in n and "kept in" not in n] for run in runs]
    kept = [b"packed weights kept in" in run.stderr for run in runs]
    if any(answer(run) != right_answer() for run in runs):
        yield f"another answer: {[answer(run) for run in runs]}"
    if any(len(notes) > 1 for notes in about):
        yield f"more than one note about the copy: {about}"
    if outcome == EITHER_WAY:
        return
    if [len(notes) for notes in about] != {LEFT_ALONE: [1, 1], PACKED_AGAIN: [1, 0], STAMPED: [0, 0]}[outcome]:
        yield f"expected to be {outcome}: {about}"
    if kept != ([False, False] if outcome == STAMPED else [True, False]):
        yield f"packed weights were kept: {kept}"
    if b"mapped" not in runs[1].stderr:
        yield "the second start packs again"
    if outcome == LEFT_ALONE and isinstance(content, bytes) and (folder / COPY).read_bytes() != content:
        yield "somebody else's file was changed"


@functools.lru_cache(None)
def right_answer():
    whole()
    return whole.answer


def spoilt(at, value):
    content = bytearray(whole())
    content[at : at + len(value)] = value
    return bytes(content)


def cases():
    index_at, index_size = struct.unpack_from("<QQ", whole(), 24)
    size = len(whole())
    for label, content in (("empty", b""), ("text", b"hello\n" * 1000), ("zeros", bytes(10_000)), ("ones", b"\xff" * 10_000),
                           ("link-to-device", Link("/dev/zero")), ("folder", None)):
        yield copy(f"copy-{label}", content, LEFT_ALONE)
    yield copy("copy-whole", whole(), STAMPED)  # made from another file of the same bytes
    values = {"zero": bytes(8), "ones": b"\xff" * 8, "sign": struct.pack("<Q", 1 << 63), "size": struct.pack("<Q", size + 1)}
    for name, at, n in (("version", 8, 4), ("layout", 12, 4), ("size", 16, 8), ("index-offset", 24, 8), ("index-bytes", 32, 8),
                        ("index-hash", 40, 8), ("source-hash", 56, 8), ("header-hash", 72, 8)):
        for label, value in values.items():
            # Of a version there is no saying what its hashes are; a copy of another layout would be packed again unsaid.
            yield copy(f"header-{name}-{label}", spoilt(at, value[:n]), PACKED_AGAIN if spoilt(at, value[:n]) != whole() else STAMPED)
    for name, at in (("hash", 4096), ("count", 4112), ("inode", 4120), ("size", 4128), ("mtime", 4136), ("ctime", 4144)):
        for label, value in values.items():
            yield copy(f"stamp-{name}-{label}", spoilt(at, value), STAMPED)
    for label, at in (("first", 8192), ("second", 8193), ("section", 16_384), ("last", index_at - 1), ("middle", (8192 + index_at) // 2)):
        yield copy(f"payload-{label}", spoilt(at, bytes([whole()[at] ^ 1])), PACKED_AGAIN)
    for label, at in (("name-length", 0), ("name-length-top", 7), ("name", 8), ("inside", 100), ("middle", index_size // 2),
                      ("piece-hash", index_size - 16), ("last", index_size - 1)):
        yield copy(f"index-{label}", spoilt(index_at + at, bytes([whole()[index_at + at] ^ 0x80])), PACKED_AGAIN)
    random = seeded("packed copies")
    for label, n in (("1", 1), ("7", 7)):
        yield copy(f"cut-{label}", whole()[:n], LEFT_ALONE)
    for label, n in (("8", 8), ("header", 87), ("stamp", 4096), ("stamp-inside", 5000), ("payload", 8192), ("payload-inside", 8193), ("quarter", size // 4),
                     ("half", size // 2), ("index", index_at), ("index-inside", index_at + 20), ("last", size - 1)):
        yield copy(f"cut-{label}", whole()[:n], PACKED_AGAIN)
    yield copy("longer-by-one", whole() + b"x", PACKED_AGAIN)
    yield copy("longer-by-a-copy", whole() + whole(), PACKED_AGAIN)
    yield copy("sparse", Hole(whole(), 1 << 40), PACKED_AGAIN)
    yield copy("link-loop", Link(COPY), EITHER_WAY)
    yield copy("link-dangling", Link("nowhere"), EITHER_WAY)
    for i in range(60):
        at = random.randrange(100_000)
        yield copy(f"flip-{i}", spoilt(at, bytes([whole()[at] ^ 1 << random.randrange(8)])), EITHER_WAY)
