"""Folders in shards: the index and what it names."""

import copy
import json

from case import CORRUPT, IO, LIMIT, MODELS, NOT_FOUND, READ, USAGE, Link
from containers import safetensors_bytes
from folder_parts import case, tensors

INDEX = "model.safetensors.index.json"
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
OTHER = MODELS / "gemma3" / "model.safetensors"


def halves():
    names = list(tensors())
    middle = len(names) // 2
    return {ONE: names[:middle], TWO: names[middle:]}


def shard(name, more=None, without=()):
    parts = {n: tensors()[n] for n in halves()[name] if n not in without}
    return safetensors_bytes({**parts, **(more or {})})


def index(changes=None, weight_map=None):
    whole = {n: file for file, names in halves().items() for n in names} if weight_map is None else weight_map
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": {**whole, **(changes or {})}}).encode()


def folder(name, changes, expect, *words, **more):
    """`changes` of a whole folder in two shards; None removes a file."""
    files = {INDEX: index(), ONE: shard(ONE), TWO: shard(TWO), "model.safetensors": None, **changes}
    return case(name, files, expect, *(words or (() if expect == READ else (INDEX,))), **more)


def cases():
    first, second = halves()[ONE], halves()[TWO]
    yield folder("shard-control", {}, READ)
    yield folder("shard-control-and-single-file", {"model.safetensors": MODELS / "e2b" / "model.safetensors"}, READ)
    yield folder("shard-link-inside", {ONE: Link("elsewhere"), "elsewhere": shard(ONE)}, READ)
    yield folder("shard-link-outside", {ONE: Link(str(OTHER))}, CORRUPT)  # by a link as hubs make them, but another model's
    for label, target, expect in (("dangling", "nowhere", NOT_FOUND), ("loop", TWO, IO), ("device", "/dev/zero", USAGE),
                                  ("folder", ".", USAGE), ("proc", "/proc/self/mem", "either")):
        yield folder(f"shard-link-{label}", {TWO: Link(target)}, expect, TWO)
    yield folder("shard-absent", {TWO: None}, NOT_FOUND, TWO, INDEX)
    yield folder("shard-both-absent", {ONE: None, TWO: None}, NOT_FOUND, ONE)
    yield folder("shard-empty", {TWO: b""}, CORRUPT, TWO)
    yield folder("shard-cut", {TWO: shard(TWO)[:-100]}, CORRUPT, TWO)
    yield folder("shard-text", {TWO: b"hello\n" * 100}, LIMIT, TWO)
    yield folder("shard-gguf", {TWO: MODELS / "e2b" / "model-q4_0.gguf"}, LIMIT, TWO)
    yield folder("shard-twice-the-same", {TWO: shard(ONE)}, CORRUPT, "twice")
    yield folder("shard-tensor-in-both", {TWO: shard(TWO, {first[0]: tensors()[first[0]]})}, CORRUPT, "twice")
    yield folder("shard-tensor-in-neither", {TWO: shard(TWO, without=second[:1])}, CORRUPT, second[0])
    yield folder("shard-tensor-more", {TWO: shard(TWO, {"extra": tensors()[second[0]]})}, CORRUPT, "extra")
    yield folder("shard-tensor-in-the-other", {INDEX: index({first[0]: TWO})}, READ)  # the shards say what is in them
    yield folder("shard-not-in-the-map", {INDEX: index(weight_map={n: ONE for n in first})}, CORRUPT, "missing")
    for label, value in (("up", "../evil.safetensors"), ("up-up", "../../etc/passwd"), ("absolute", "/etc/passwd"),
                         ("dots", ".."), ("dot", "."), ("empty", ""), ("number", 5), ("null", None), ("list", [ONE]),
                         ("object", {}), ("bool", True), ("folder", "sub/x.safetensors"), ("self", f"./{ONE}"),
                         ("hidden-up", "a/../../x"), ("escape", "a\n\x1b[2J"), ("nul", "a\0b"), ("trailing", ONE + "/"),
                         ("slashes", "//" + ONE)):
        yield folder(f"index-name-{label}", {INDEX: index({second[0]: value})}, CORRUPT, INDEX, second[0])
    yield folder("index-name-backslash", {INDEX: index({second[0]: "..\\x.safetensors"})}, NOT_FOUND, "..\\x")
    yield folder("index-name-long", {INDEX: index({second[0]: "x" * 5000})}, "either")
    yield folder("index-name-itself", {INDEX: index({second[0]: INDEX})}, LIMIT, INDEX)
    yield folder("index-name-config", {INDEX: index({second[0]: "config.json"})}, LIMIT, "config.json")
    for label, text in (("empty", b""), ("brace", b"{"), ("list", b"[]"), ("null", b"null"), ("no-map", b"{}"),
                        ("map-empty", b'{"weight_map":{}}'), ("map-list", b'{"weight_map":[]}'), ("map-null", b'{"weight_map":null}'),
                        ("map-number", b'{"weight_map":5}'), ("map-text", b'{"weight_map":"x"}'), ("not-utf8", b'{"\xff":1}'),
                        ("nul", index() + b"\0"), ("two", index() * 2), ("nan", b'{"weight_map":NaN}')):
        yield folder(f"index-{label}", {INDEX: text}, CORRUPT)
    for depth in (65, 100_000):
        yield folder(f"index-depth-{depth}", {INDEX: b'{"a":' * depth}, LIMIT)
    yield folder("index-map-twice", {INDEX: index()[:-1] + b',"weight_map":{}}'}, CORRUPT)
    yield folder("index-tensor-twice", {INDEX: index().replace(b'"weight_map": {', f'"weight_map": {{"{second[0]}": "{ONE}", '.encode())},
                 READ)  # the last one counts
    yield folder("index-1001-shards", {INDEX: index(weight_map={str(i): f"{i}.safetensors" for i in range(1001)})}, LIMIT)
    yield folder("index-1000-shards", {INDEX: index(weight_map={str(i): f"{i}.safetensors" for i in range(1000)})}, NOT_FOUND)
    for n, expect in ((100_000, CORRUPT), (110_000, LIMIT)):
        names = {f"model.tensor.{i}": ONE for i in range(n)}
        yield folder(f"index-{n}-names", {INDEX: index(names)}, expect, "" if expect == CORRUPT else INDEX)
    yield folder("index-17-MB", {INDEX: b'{"a":"' + b"x" * (17 << 20) + b'"}'}, LIMIT)
    yield folder("index-15-MB", {INDEX: b'{"a":"' + b"x" * (15 << 20) + b'"}'}, CORRUPT)
    yield folder("index-dangling", {INDEX: Link("nowhere")}, NOT_FOUND, "model.safetensors")
    yield folder("index-device", {INDEX: Link("/dev/zero")}, USAGE)
    yield folder("index-absent", {INDEX: None}, NOT_FOUND, "2 *.safetensors")
    thousand = {f"{i:03}.safetensors": safetensors_bytes({f"t{i}": tensors()[first[0]]}) for i in range(300)}
    yield folder("index-300-shards-of-another-model",
                 {INDEX: index(weight_map={f"t{i}": f"{i:03}.safetensors" for i in range(300)}), **thousand}, CORRUPT, "")
