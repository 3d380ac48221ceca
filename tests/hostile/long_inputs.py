"""Ten megabytes of one thing, through the small real model's vocabulary of 262,144 pieces, and through vocabularies that
are made to take long. Linear, so within ten seconds of processor time, on a stack of 256 KiB like every run here."""

from carat_program import real_model
from case import READ, Case, seeded
from containers import ARRAY, FLOAT32, INT32, STRING
from gguf_parts import E2B, GEMMA3, metadata, model
from gguf_vocabularies import ADDED, MERGES, NORMAL, SCORES, TOKENS, TYPES


N = 10 << 20
SECONDS = 10
MIB = 1024  # ids and their text, ten million of each


def filled(unit, n=N):
    unit = unit if isinstance(unit, bytes) else unit.encode()
    return unit * (n // len(unit))


def runs():
    yield "letter", filled("a")
    yield "space", filled(" ")
    yield "newline", filled("\n")
    yield "tab", filled("\t")
    yield "digit", filled("0")
    yield "combining", filled("\u0301")
    yield "letter-combining", filled("e\u0301")
    yield "emoji-zwj", filled("\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d")
    yield "zwj", filled("\u200d")
    yield "cjk", filled("\u4e2d")
    yield "space-symbol", filled("\u2581")
    yield "bom", filled("\ufeff")
    yield "nul", bytes(N)
    yield "not-utf8", b"\xff" * N
    yield "half-characters", filled(b"\xe2\x96")
    yield "last-code-point", filled("\U0010ffff")
    yield "less-than", filled("<")
    yield "control-strings", filled("<start_of_turn>")
    yield "control-halves", filled("<start_of_turn")
    yield "html", filled("<table>")
    yield "crlf", filled("\r\n")
    yield "two-letters", filled("ab")
    yield "random-bytes", seeded("random bytes").randbytes(N)
    random = seeded("random words")
    words = ["the", "quick", "\u00fcber", "\u65e5\u672c", "x" * 40, "\U0001F600", "don't", "1234567", "\n\n", "  "]
    text = " ".join(random.choice(words) for _ in range(1 << 16)).encode()
    yield "words", filled(text)
    yield "code-points", "".join(map(chr, random.choices([*range(1, 0xD800), *range(0xE000, 0x110000)], k=N // 4))).encode()


def slow_vocabularies():
    """Small models whose vocabulary was made so that a text takes long, or so that loading it does."""
    n = N
    tokens, kinds = list(metadata()[TOKENS][1][1]), list(metadata()[TYPES][1][1])
    first = tokens.index(b"<unused82>")
    free = [i for i in range(first, len(tokens)) if tokens[i].startswith(b"<unused")]

    def vocabulary(pieces, kind, rules=None, path=E2B, scores=None):
        new, types = list(tokens), list(kinds)
        for id, piece in zip(free, pieces):
            new[id], types[id] = piece, kind
        assert len(pieces) <= len(free) and len(set(new)) == len(new)
        parts = model(path).set(TOKENS, ARRAY, (STRING, new)).set(TYPES, ARRAY, (INT32, types))
        if rules is not None:
            parts.set(MERGES, ARRAY, (STRING, rules))
        return parts.to_bytes()

    # Every position is the beginning of a literal that is not there.
    yield "literal-never-ends", vocabulary([b"x" * 1023 + b"y"], ADDED), b"x" * n
    yield "literal-ends-often", vocabulary([b"x" * 1023 + b"y", b"xx"], ADDED), b"x" * n
    wide = [b"x" * 500 + bytes([c]) for c in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:len(free)]]
    yield "literal-branches", vocabulary(wide, ADDED), b"x" * n
    # Words of one letter that join to ever longer ones, in the worst order.
    words = [b"x" * (2 << i) for i in range(9)]
    rules = [b"%s %s" % (b"x" * (1 << i), b"x" * (1 << i)) for i in range(9)]
    yield "merges-double", vocabulary(words, NORMAL, rules), b"x" * n
    yield "merges-double-reversed", vocabulary(words, NORMAL, rules[::-1]), b"x" * n
    line = [b"x" * (i + 2) for i in range(len(free))]
    yield "merges-one-by-one", vocabulary(line, NORMAL, [b"%s x" % w[:-1] for w in line]), b"x" * n
    yield "merges-one-by-one-reversed", vocabulary(line, NORMAL, [b"x %s" % w[:-1] for w in line][::-1]), b"x" * n


def cases():
    gguf = real_model()
    for label, text in runs():
        commands = [["tokenize", "@m.gguf"]]
        if "control" in label or "less" in label:
            commands.append(["tokenize", "@m.gguf", "--special"])
        yield Case(f"run-{label}", {"m.gguf": gguf}, commands, READ, (), text, seconds=SECONDS, mib=MIB)
    for label, gguf, text in slow_vocabularies():
        yield Case(f"slow-{label}", {"m.gguf": gguf}, [["tokenize", "@m.gguf"]], READ, (), text, seconds=SECONDS, mib=MIB)
