"""Vocabularies in GGUF files: pieces, types, scores, merges and special ids that no tokenizer can be made of."""

import struct

from case import CORRUPT, LIMIT, READ, UNSUPPORTED, Case
from containers import ARRAY, FLOAT32, INT32, STRING, UINT32
from gguf_parts import E2B, F64, GEMMA3, I64, U8, Parts, array, case, metadata, model, number, string

TOKENS, TYPES, SCORES, MERGES = (f"tokenizer.ggml.{name}" for name in ("tokens", "token_type", "scores", "merges"))
BOS, EOS = "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"
NORMAL, CONTROL, ADDED, UNUSED, BYTE = 1, 3, 4, 5, 6


def pieces():
    return list(metadata()[TOKENS][1][1])


def types():
    return list(metadata()[TYPES][1][1])


def merges():
    return list(metadata()[MERGES][1][1])


def id_of(text):
    return pieces().index(text if isinstance(text, bytes) else text.encode())


def vocabulary(name, tokens=None, kinds=None, rules=None, expect=CORRUPT, *words, more=(), path=E2B, **options):
    """The model with other pieces, types or merges; every one of its commands that needs a tokenizer."""
    parts = model(path)
    if tokens is not None:
        parts.set(TOKENS, ARRAY, (STRING, tokens))
    if kinds is not None:
        parts.set(TYPES, ARRAY, (INT32, kinds))
    if rules is not None:
        parts.set(MERGES, ARRAY, (STRING, rules))
    for key, kind, v in more:
        parts.set(key, kind, v)
    return case(f"gguf-{name}-tokenizer", parts.to_bytes(), expect, *words, **options)


def replaced(text, new):
    tokens = pieces()
    tokens[id_of(text)] = new
    return tokens


def texts():
    plain = b"\xe2\x96\x81t"
    free = b"<unused82>"  # no merge names it
    yield vocabulary("control", expect=READ)
    for label, new, expect in (("empty", b"", CORRUPT), ("not-utf8", b"\xff\xfe", CORRUPT), ("half", b"\xe2\x96", CORRUPT),
                               ("surrogate", b"\xed\xa0\x80", CORRUPT), ("overlong", b"\xc0\xaf", CORRUPT),
                               ("beyond-unicode", b"\xf4\x90\x80\x80", CORRUPT), ("nul", b"\0", READ), ("bom", b"\xef\xbb\xbf", READ),
                               ("escape", b"\x1b[2J", READ), ("newline", b"\n\n\n", READ), ("space", b" ", CORRUPT),
                               ("spaces-inside", b"a b c", READ), ("1024", b"x" * 1024, READ), ("1025", b"x" * 1025, LIMIT),
                               ("1-MB", b"x" * (1 << 20), LIMIT), ("zwj", "\U0001F468\u200d\U0001F469".encode(), READ),
                               ("twice", b"a", CORRUPT), ("twice-control", b"<bos>", CORRUPT), ("twice-byte", b"<0x41>", CORRUPT)):
        word = "piece" if expect != READ else ""
        yield vocabulary(f"piece-{label}", replaced(free, new), None, None, expect, word)
    yield vocabulary("piece-of-a-merge-gone", replaced(plain, b"zzz"), None, None, CORRUPT, "merge")
    yield vocabulary("all-the-same", [b"a"] * 512)
    yield vocabulary("all-empty", [b""] * 512)
    yield vocabulary("all-1024", [b"%04d" % i + b"x" * 1020 for i in range(512)], None, [], CORRUPT, "<0x00>")


def bytes_():
    """`<0x41>` and what looks like it."""
    for label, new in (("lower", b"<0x4a>"), ("short", b"<0x4>"), ("long", b"<0x041>"), ("sign", b"<0x-1>"), ("plus", b"<0x+4>"),
                       ("no-digit", b"<0xGG>"), ("empty", b"<0x>"), ("spaces", b"<0x 4>"), ("open", b"<0x41"), ("256", b"<0x100>"),
                       ("capital", b"<0X41>"), ("unicode", "<0x４１>".encode())):
        yield vocabulary(f"bytetok-{label}", replaced(b"<0x41>", new), None, None, CORRUPT, "<0x41>")
        free = b"<unused82>"
        if label not in ("short",):
            yield vocabulary(f"bytetok-more-{label}", replaced(free, new), None, None, READ)
    kinds = types()
    for i in range(117, 117 + 256):
        kinds[i] = NORMAL
    yield vocabulary("bytetok-all-normal", None, kinds, None, READ)  # the text says what they are
    kinds = [BYTE] * 512
    yield vocabulary("bytetok-all-byte", None, kinds, None, READ)
    yield vocabulary("bytetok-none", [b"<0y" + p[3:] if p.startswith(b"<0x") else p for p in pieces()], None, None, CORRUPT, "<0x00>")


def kinds_():
    for v in (0, 7, 8, 255, -1, 1 << 30, -(1 << 31)):
        kinds = types()
        kinds[300] = v
        yield vocabulary(f"arrtype-value-{v}", None, kinds, None, CORRUPT, TYPES)
    for label, kind, v in (
        ("types-u8", ARRAY, (U8, types())), ("types-i64", ARRAY, (I64, types())),
    ):
        yield vocabulary(f"arrtype-{label}", more=[(TYPES, kind, v)], expect=READ)
    for label, kind, v in (
        ("types-f32", ARRAY, (FLOAT32, [1.0] * 512)), ("types-strings", ARRAY, (STRING, ["1"] * 512)),
        ("types-short", ARRAY, (INT32, types()[:-1])), ("types-long", ARRAY, (INT32, types() + [1])),
        ("types-number", UINT32, 1), ("types-empty", ARRAY, (INT32, [])),
    ):
        yield vocabulary(f"arrtype-{label}", more=[(TYPES, kind, v)])
    for label, kind, v in (
        ("tokens-u8", ARRAY, (U8, [65] * 512)), ("tokens-numbers", ARRAY, (INT32, list(range(512)))), ("tokens-text", STRING, "a b c"),
        ("tokens-empty", ARRAY, (STRING, [])), ("tokens-short", ARRAY, (STRING, pieces()[:-1])),
        ("tokens-long", ARRAY, (STRING, pieces() + [b"more"])),
    ):
        yield vocabulary(f"arrtype-{label}", more=[(TOKENS, kind, v)])
    yield vocabulary("kinds-all-control", None, [CONTROL] * 512, None, READ)
    yield vocabulary("kinds-all-added", None, [ADDED] * 512, None, READ)
    yield vocabulary("kinds-all-unused", None, [UNUSED] * 512, None, READ)
    yield vocabulary("kinds-control-called-normal", None, [NORMAL] * 512, None, READ)


def scores():
    """Counted only where there are no merges: Gemma 3's files."""
    old = list(metadata()[SCORES][1][1])
    for label, kind, v, expect in (
        ("nan", ARRAY, (FLOAT32, old[:-1] + [float("nan")]), CORRUPT), ("all-nan", ARRAY, (FLOAT32, [float("nan")] * 512), CORRUPT),
        ("infinite", ARRAY, (FLOAT32, [float("inf")] * 512), READ), ("minus-infinite", ARRAY, (FLOAT32, [float("-inf")] * 512), READ),
        ("all-equal", ARRAY, (FLOAT32, [0.0] * 512), READ), ("f64", ARRAY, (F64, old), READ), ("f64-nan", ARRAY, (F64, [float("nan")] * 512), CORRUPT),
        ("f64-huge", ARRAY, (F64, [1e300] * 512), READ), ("short", ARRAY, (FLOAT32, old[:-1]), CORRUPT),
        ("long", ARRAY, (FLOAT32, old + [0.0]), CORRUPT), ("i32", ARRAY, (INT32, [0] * 512), CORRUPT), ("u8", ARRAY, (U8, [0] * 512), CORRUPT),
        ("strings", ARRAY, (STRING, ["0"] * 512), CORRUPT), ("empty", ARRAY, (FLOAT32, []), CORRUPT), ("number", FLOAT32, 0.0, CORRUPT),
    ):
        parts = model(GEMMA3).remove(MERGES).set("tokenizer.ggml.model", STRING, "llama").set(SCORES, kind, v)
        yield case(f"gguf-scores-{label}-tokenizer", parts.to_bytes(), expect)


def rules():
    good = merges()
    for label, bad in (("no-space", b"ab"), ("two-spaces", b"a b c"), ("only-space", b" "), ("empty", b""), ("left-empty", b" a"),
                       ("right-empty", b"a "), ("unknown-left", b"zzz a"), ("unknown-right", b"a zzz"), ("unknown-result", b"a <bos>"),
                       ("not-utf8", b"\xff \xfe"), ("escape", b"\x1b[2J a"), ("long", b"x" * 100_000 + b" a"),
                       ("twice", good[1]), ("nul", b"\0 a"), ("tab", b"a\tb")):
        yield vocabulary(f"merge-{label}", None, None, good + [bad], CORRUPT, "merge")
        yield vocabulary(f"merge-{label}-first", None, None, [bad] + good, CORRUPT, "merge")
    for label, v in (("numbers", (INT32, [1] * 45)), ("u8", (U8, [1] * 45)), ("floats", (FLOAT32, [1.0] * 45))):
        yield vocabulary(f"merge-{label}", more=[(MERGES, ARRAY, v)])
    yield vocabulary("merge-of-itself", None, None, good + [b"<bos> <bos>"], CORRUPT, "merge")
    # Each makes what the next is made of, and one of them itself in two ways: no order of theirs goes in a circle.
    tokens, chain = pieces(), []
    for i, id in enumerate(range(id_of(b"<unused82>"), id_of(b"<unused82>") + 8)):
        tokens[id] = b"q" * (2 << i)
        chain.append(b"%s %s" % (b"q" * (1 << i), b"q" * (1 << i)))
    yield vocabulary("merge-chain", tokens, None, good + chain, READ if b"q" in tokens else CORRUPT)
    yield vocabulary("merge-chain-reversed", tokens, None, good + chain[::-1], READ if b"q" in tokens else CORRUPT)
    yield vocabulary("merge-reversed", None, None, good[::-1], READ)
    count = struct.pack("<Q", 4_000_001)
    parts = model().set(MERGES, ARRAY, None, struct.pack("<I", STRING) + count + string(b"a b") * 4_000_001)
    yield case("gguf-merges-4000001-tokenizer", parts.to_bytes(), CORRUPT, MERGES)


def specials():
    for key in ("bos", "eos", "unknown", "padding"):
        for label, kind, v in (("512", UINT32, 512), ("2^31", UINT32, 1 << 31), ("minus", INT32, -1), ("max", UINT32, (1 << 32) - 1),
                               ("min", I64, -(1 << 63)), ("text", STRING, "<bos>"), ("float", FLOAT32, 2.0)):
            key_ = f"tokenizer.ggml.{key}_token_id"
            yield vocabulary(f"special-{key}-{label}", more=[(key_, kind, v)])
    yield vocabulary("special-all-the-same", more=[(BOS, UINT32, 300), (EOS, UINT32, 300)], expect=READ)
    # Special tokens inside, in front of and behind each other.
    tokens, kinds = pieces(), types()
    first = id_of(b"<unused82>")
    for i, text in enumerate((b"<a>", b"<a><b>", b"<b>", b"<a><b><c>", b"a>", b"<", b"<a", b">")):
        tokens[first + i], kinds[first + i] = text, CONTROL if i % 2 else ADDED
    unique = len(set(tokens)) == len(tokens)
    nested = vocabulary("special-nested", tokens, kinds, None, READ if unique else CORRUPT, stdin=b"<a><b><c><a><b<a>a>>><")
    nested.commands.append(["tokenize", "@m.gguf", "--special"])
    yield nested
    kinds = [CONTROL if t == NORMAL else t for t in types()]
    yield vocabulary("special-every-letter", None, kinds, None, READ)


def limits():
    """1,048,576 pieces are read, one more is not; no tensor is needed to see that."""
    def only_vocabulary(tokens, more=0):
        """`tokens`: encoded, as one string of bytes."""
        n, encoded = tokens
        parts = Parts([["general.architecture", STRING, string("gemma4")], ["tokenizer.ggml.model", STRING, string("gemma4")],
                       [TOKENS, ARRAY, array(STRING, encoded, n)],
                       [TYPES, ARRAY, array(INT32, number(INT32, NORMAL) * n, n)],
                       [MERGES, ARRAY, array(STRING, [])]])
        return parts.to_bytes()

    def numbered(n):
        base = b"".join(string(p) for p in pieces())
        return n, base + b"".join(struct.pack("<Q7s", 7, b"%07d" % i) for i in range(n - 512))

    for n, expect in ((1_048_576, READ), (1_048_577, CORRUPT), (2_000_000, CORRUPT)):
        yield Case(f"gguf-pieces-{n}", {"m.gguf": only_vocabulary(numbered(n))}, [["tokenize", "@m.gguf"]], expect,
                   () if expect == READ else ("m.gguf", TOKENS), b"ab c", seconds=3 if expect == READ else 1,
                   mib=400 if expect == READ else 64)
    n, encoded = 100_000, b"".join(string(b"%06d" % i + b"x" * 1000) for i in range(99_488))
    yield Case("gguf-pieces-of-100-MB", {"m.gguf": only_vocabulary((n, b"".join(string(p) for p in pieces()) + encoded))},
               [["tokenize", "@m.gguf"]], LIMIT, ("m.gguf", TOKENS), mib=192)


def kinds_of_tokenizer():
    for label, v in (("gpt2", "gpt2"), ("bert", "bert"), ("t5", "t5"), ("rwkv", "rwkv"), ("none", "none"), ("plamo2", "plamo2")):
        yield vocabulary(f"pre-model-{label}", more=[("tokenizer.ggml.model", STRING, v)], expect=UNSUPPORTED)
    for label, v in (("llama3", "llama-bpe"), ("empty", ""), ("escape", "\x1b"), ("long", "x" * 100_000), ("regex", "(a+)+$")):
        yield vocabulary(f"pre-{label}", more=[("tokenizer.ggml.pre", STRING, v)], expect=UNSUPPORTED)
    for label, kind, v in (("number", UINT32, 5), ("not-utf8", STRING, b"\xff"), ("list", ARRAY, (STRING, ["gemma4"]))):
        yield vocabulary(f"pre-{label}", more=[("tokenizer.ggml.pre", kind, v)])
    yield vocabulary("pre-space-prefix", more=[("tokenizer.ggml.add_space_prefix", 7, True)], expect=UNSUPPORTED)


def cases():
    for make in (texts, bytes_, kinds_, scores, rules, specials, limits, kinds_of_tokenizer):
        yield from make()
