"""GGUF in parts: parts that are not there, not parts, of another model, or that disagree."""

import struct

from case import CORRUPT, IO, NOT_FOUND, READ, USAGE, Link
from containers import INT32, STRING, UINT32
from gguf_parts import GEMMA3, I64, U16, Parts, case, model, number, string

FIRST, SECOND = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"


def part(no, count=2, total=125, infos=None, keys=True, kind=U16, more=()):
    whole = model()
    half = len(whole.infos) // 2
    cut = whole.infos[half][3]
    chosen = whole.infos[:half] if no == 0 else [[n, d, k, at - cut] for n, d, k, at in whole.infos[half:]]
    data = whole.data[:cut] if no == 0 else whole.data[cut:]
    new = Parts(whole.entries if no == 0 else [], chosen if infos is None else infos, data)
    if keys:
        new.set("split.no", kind, no).set("split.count", kind, count).set("split.tensors.count", INT32, total)
    for key, k, v in more:
        new.set(key, k, v)
    return new.to_bytes()


def split(name, first, second, expect, *words, **more):
    files = {FIRST: first, SECOND: second}
    files = {k: v for k, v in files.items() if v is not None}
    made = case(name, files, expect, **more)
    made.words = words if expect != READ else ()
    made.commands = [[a.replace("@m.gguf", "@" + FIRST) for a in c] for c in made.commands]
    return made


def cases():
    one, two = part(0), part(1)
    yield split("split-control", one, two, READ)
    other = split("split-control-second", one, two, READ)
    other.commands = [[a.replace(FIRST, SECOND) for a in c] for c in other.commands]
    yield other
    yield split("split-absent", one, None, NOT_FOUND, "part 2 of 2", SECOND)
    yield split("split-dangling", one, Link("nowhere"), NOT_FOUND, SECOND)
    yield split("split-loop", one, Link(SECOND), IO, SECOND)
    folder = split("split-folder", one, None, USAGE, SECOND)
    folder.files[SECOND] = None  # a folder of that name
    yield folder
    for name, second in (("empty", b""), ("cut", two[:2000]), ("cut-data", two[:-64]), ("text", b"hello\n" * 99),
                         ("first-again", one), ("whole-model", model().to_bytes()), ("other-model", model(GEMMA3).to_bytes()),
                         ("no-keys", part(1, keys=False)),
                         ("other-count", part(1, count=3)), ("other-total", part(1, total=126)),
                         ("no-tensors", part(1, infos=[])), ("magic", b"GGUF\3")):
        yield split(f"split-second-{name}", one, second, CORRUPT)
    for name, kind, v in (("float", 6, 2.0), ("string", STRING, "2"), ("negative", INT32, -2), ("1001", UINT32, 1001),
                          ("2^31", UINT32, 1 << 31), ("min", I64, -(1 << 63))):
        yield split(f"split-count-{name}", part(0, more=[("split.count", kind, v)]), two, CORRUPT, "split.count")
    for name, kind, v in (("2", U16, 2), ("negative", INT32, -1), ("65535", U16, 65_535), ("string", STRING, "0"),
                          ("float", 6, 0.0)):
        yield split(f"split-no-{name}", part(0, more=[("split.no", kind, v)]), two, CORRUPT, "split.no")
    for name, kind, v in (("0", INT32, 0), ("124", INT32, 124), ("huge", UINT32, (1 << 32) - 1), ("negative", INT32, -1),
                          ("string", STRING, "125")):
        yield split(f"split-total-{name}", part(0, more=[("split.tensors.count", kind, v)]), two, CORRUPT)
    yield split("split-no-is-1", part(0, more=[("split.no", U16, 1)]), two, USAGE, "-00002-of-00002.gguf")
    for key in ("split.no", "split.tensors.count"):
        whole = part(0).replace(key.encode(), key[:-1].encode() + b"x")
        yield split(f"split-without-{key}", whole, two, NOT_FOUND, key)
    yield split("split-twice-a-tensor", one, part(1, infos=[[n, d, k, at] for n, d, k, at in model().infos[:1]]), CORRUPT)
    yield split("split-one-of-one", part(0, count=1), None, CORRUPT)  # half of the tensors are not there
    many = split("split-many", None, None, NOT_FOUND, "m-00002-of-01000.gguf")
    many.files = {"m-00001-of-01000.gguf": part(0, count=1000)}
    many.commands = [[a.replace(FIRST, "m-00001-of-01000.gguf") for a in c] for c in many.commands]
    yield many
    renamed = case("split-renamed", part(0), USAGE, "-00001-of-00002.gguf")
    yield renamed
    alignment = part(1, more=[("general.alignment", UINT32, 3)])
    yield split("split-second-alignment", one, alignment, CORRUPT, SECOND)
    nested = part(1, more=[])
    nested = nested.replace(string("split.count") + struct.pack("<I", U16) + number(U16, 2),
                            string("split.count") + struct.pack("<I", 9) + number(U16, 2))
    yield split("split-second-damaged-key", one, nested, CORRUPT, SECOND)
