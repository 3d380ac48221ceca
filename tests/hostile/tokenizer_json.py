"""tokenizer.json and tokenizer_config.json: JSON, vocabulary, merges, added tokens, and other pipelines."""

import copy
import json

from case import CORRUPT, LIMIT, NOT_FOUND, READ, UNSUPPORTED, USAGE, Link, seeded
from folder_parts import ASK, FOLDER, case, load

NAME, CONFIG = "tokenizer.json", "tokenizer_config.json"
TOKENIZE = ["tokenize", "@."]
WHOLE = load(NAME)
DELETED = object()


def file(name, content, expect, *words, commands=(TOKENIZE, ASK), **more):
    content = content if isinstance(content, (bytes, Link, type(None))) else content.encode()
    return case(f"json-{name}", {NAME: content}, expect, *words, commands=commands, **more)


def changed(change):
    tokenizer = copy.deepcopy(WHOLE)
    change(tokenizer)
    return json.dumps(tokenizer)


def at(path, value):
    """The whole file with the value at a path of keys and indices."""
    def change(tokenizer):
        place = tokenizer
        for key in path[:-1]:
            place = place[key]
        if value is DELETED:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return changed(change)


def jsons():
    yield file("control", (FOLDER / NAME).read_bytes(), READ)
    for label, text in (("empty", ""), ("brace", "{"), ("list", "[]"), ("null", "null"), ("number", "5"), ("object", "{}"),
                        ("not-utf8", b'{"model": "\xff"}'), ("nul-behind", json.dumps(WHOLE) + "\0"),
                        ("two", json.dumps(WHOLE) * 2), ("comma", json.dumps(WHOLE)[:-1] + ",}"), ("nan", at(["model", "dropout"], float("nan"))),
                        ("comment", "/**/" + json.dumps(WHOLE)), ("html", "<!DOCTYPE html><html>"),
                        ("lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
                        ("surrogate", json.dumps(WHOLE).replace('"<unused82>"', '"\\ud800"')),
                        ("control-character", json.dumps(WHOLE).replace('"<unused82>"', '"\x01"'))):
        yield file(label, text, CORRUPT)
    yield file("bom", "\ufeff" + json.dumps(WHOLE), CORRUPT)
    for n in (10, 1000, 5000, 9000, 10_300):
        yield file(f"cut-{n}", (FOLDER / NAME).read_bytes()[:n], CORRUPT)
    for depth in (63, 65, 1024, 100_000, 10_000_000):
        expect = CORRUPT if depth < 64 else LIMIT
        yield file(f"depth-{depth}", "[" * depth, expect)
        yield file(f"depth-object-{depth}", '{"a":' * depth, expect)
    inside = at(["model", "vocab", "deep"], 0)
    yield file("depth-inside", inside.replace('"deep": 0', '"deep": ' + "[" * 1000 + "]" * 1000), LIMIT)
    for n in (200_000, 20_000_000):
        yield file(f"bloat-list-{n}", "[" + "0," * n + "0]", LIMIT)
        yield file(f"bloat-other-{n}", '{"x":[' + "0," * n + "0]}", LIMIT)
    yield file("bloat-string", '{"model":"' + "x" * (40 << 20) + '"}', LIMIT)
    yield file("bloat-escapes", '{"model":"' + "\\\\" * (20 << 20) + '"}', LIMIT)
    yield file("bloat-spaces", "{" + " " * (40 << 20) + "}", LIMIT)
    yield file("bloat-270-MB", b'{"model":"' + b"x" * (270 << 20), LIMIT)


def vocabularies():
    for label, value in (("list", []), ("null", None), ("number", 5), ("text", "a"), ("absent", DELETED)):
        yield file(f"vocab-{label}", at(["model", "vocab"], value), CORRUPT, "model.vocab")
    yield file("vocab-empty", at(["model", "vocab"], {}), CORRUPT)
    for label, value, expect in (("text", "5", CORRUPT), ("float", 5.5, CORRUPT), ("null", None, CORRUPT), ("bool", True, CORRUPT),
                                 ("list", [5], CORRUPT), ("object", {}, CORRUPT), ("negative", -1, LIMIT), ("min", -(1 << 63), LIMIT),
                                 ("2^20", 1 << 20, LIMIT), ("2^20-less-1", (1 << 20) - 1, CORRUPT), ("2^31", 1 << 31, LIMIT),
                                 ("2^32", 1 << 32, LIMIT), ("2^63", 1 << 63, CORRUPT), ("2^64", 1 << 64, CORRUPT),
                                 ("10^400", 10**400, CORRUPT), ("taken", 300, CORRUPT), ("gap", 600, CORRUPT)):
        yield file(f"id-{label}", at(["model", "vocab", "xyzzy"], value), expect)
    for label, text, expect in (("empty", "", CORRUPT), ("escape", "\x1b[2J", READ), ("nul", "\0", READ), ("bom", "\ufeff", READ),
                                ("space", " ", CORRUPT), ("1024", "x" * 1024, READ), ("1025", "x" * 1025, LIMIT),
                                ("1-MB", "x" * (1 << 20), LIMIT), ("zwj", "\U0001F468\u200d\U0001F469\u200d\U0001F467", READ),
                                ("byte-again", "<0x41> ", READ), ("byte-lower", "<0xab>", READ), ("byte-sign", "<0x-1>", READ)):
        yield file(f"piece-{label}", at(["model", "vocab", text], 512), expect, "" if expect == READ else "token", commands=(TOKENIZE,))
    yield file("piece-twice", json.dumps(WHOLE).replace('"<unused82>"', '"<unused83>"'), CORRUPT, "<unused83>")
    for value in (0, 0x41, 0xFF):
        name = f"<0x{value:02X}>"
        def without(t):
            t["model"]["vocab"]["nobyte"] = t["model"]["vocab"].pop(name)
        yield file(f"bytetok-without-{value}", changed(without), CORRUPT, name)
    numbered = dict(WHOLE["model"]["vocab"])
    numbered.update({f"n{i}": i for i in range(512, 1_048_576)})
    most = json.dumps({**WHOLE, "model": {**WHOLE["model"], "vocab": numbered}})
    yield file("pieces-1048576", most, READ, commands=(TOKENIZE,), seconds=4, mib=400)
    more = most.replace('"n512": 512', '"n512": 512, "m": 1048576', 1)
    yield file("pieces-1048577", more, LIMIT, "1048576 pieces", commands=(TOKENIZE,))
    yield file("pieces-2000000", '{"model":{"vocab":{' + ",".join(f'"{i}":{i}' for i in range(2_000_000)) + "}}}", LIMIT,
               "1048576 pieces", commands=(TOKENIZE,))
    long = {f"{i:06}" + "x" * 1018: i + 512 for i in range(66_000)}
    yield file("pieces-of-66-MB", json.dumps({**WHOLE, "model": {**WHOLE["model"], "vocab": {**WHOLE["model"]["vocab"], **long}}}),
               LIMIT, "bytes", commands=(TOKENIZE,), mib=80)  # the file's own pages


def merges():
    for label, value in (("number", 5), ("text", "a b"), ("null", None), ("object", {}), ("absent", DELETED)):
        yield file(f"merges-{label}", at(["model", "merges"], value), CORRUPT)
    for label, bad in (("one", ["a"]), ("three", ["a", "b", "c"]), ("none", []), ("number", 5), ("numbers", [1, 2]), ("null", None),
                       ("no-space", "ab"), ("two-spaces", "a b c"), ("double-space", "a  b"), ("empty", ""), ("unknown", "zzz yyy"),
                       ("unknown-right", ["a", "zzz"]), ("unknown-result", ["a", "<bos>"]), ("empty-piece", ["", "a"]),
                       ("twice", WHOLE["model"]["merges"][1]), ("escape", ["\x1b[2J", "a"]), ("nested", [["a"], "b"]),
                       ("long", ["x" * 60_000, "a"])):
        yield file(f"merge-{label}", at(["model", "merges"], WHOLE["model"]["merges"] + [bad]), CORRUPT, "merge")
    yield file("merge-empty-list", at(["model", "merges"], []), READ)
    yield file("merge-reversed", at(["model", "merges"], WHOLE["model"]["merges"][::-1]), READ)

    def chain(t):
        for i in range(10):
            t["model"]["vocab"]["Q" * (2 << i)] = 512 + i
        t["model"]["vocab"]["Q"] = 522 if "Q" not in t["model"]["vocab"] else t["model"]["vocab"]["Q"]
        if t["model"]["vocab"]["Q"] != 522:
            t["model"]["vocab"]["QQQ"] = 522
        t["model"]["merges"] = [["Q" * (1 << i), "Q" * (1 << i)] for i in reversed(range(10))]
    yield file("merge-chain-that-feeds-itself", changed(chain), READ, commands=(TOKENIZE,), stdin=b"Q" * 100_000)
    pair = '["a","b"],'
    yield file("merges-4000001", '{"model":{"merges":[' + pair * 4_000_000 + pair[:-1] + "]}}", LIMIT, "4000000 merges",
               commands=(TOKENIZE,))


def added():
    for label, value in (("object", {}), ("number", 5), ("text", "a"), ("numbers", [1]), ("nulls", [None]), ("lists", [[]])):
        yield file(f"added-{label}", at(["added_tokens"], value), CORRUPT, "added_tokens")
    yield file("added-null", at(["added_tokens"], None), READ)
    base = {"id": 512, "content": "new", "special": True}
    for label, fields, expect in (
        ("control", {}, READ), ("no-id", {"id": None}, CORRUPT), ("no-content", {"content": None}, CORRUPT),
        ("id-text", {"id": "512"}, CORRUPT), ("id-negative", {"id": -1}, LIMIT), ("id-taken", {"id": 300}, CORRUPT),
        ("id-beyond", {"id": 1 << 20}, LIMIT), ("id-gap", {"id": 600}, CORRUPT), ("id-2^64", {"id": 1 << 64}, CORRUPT),
        ("content-empty", {"content": ""}, CORRUPT), ("content-number", {"content": 5}, CORRUPT),
        ("content-1025", {"content": "x" * 1025}, LIMIT), ("content-taken", {"content": "a"}, CORRUPT),
        ("lstrip", {"lstrip": True}, UNSUPPORTED), ("rstrip", {"rstrip": True}, UNSUPPORTED), ("word", {"single_word": True}, UNSUPPORTED),
        ("lstrip-text", {"lstrip": "yes"}, READ), ("special-text", {"special": "yes"}, READ), ("content-space", {"content": "a b"}, READ),
        ("content-escape", {"content": "\x1b[2J"}, READ),
    ):
        yield file(f"added-{label}", at(["added_tokens"], WHOLE["added_tokens"] + [{**base, **fields}]), expect,
                   "token", commands=(TOKENIZE,))
    yield file("added-65537", at(["added_tokens"], [base] * 65_537), LIMIT, "added tokens", commands=(TOKENIZE,))
    nest = ["<a>", "<a><b>", "<b>", "<a><b><c>", "a>", "<a", "b><", "<|turn>x", "x<|turn>", "<|tu"]
    more = [{"id": 512 + i, "content": text, "special": i % 2 == 0} for i, text in enumerate(nest)]
    yield file("added-nested", at(["added_tokens"], WHOLE["added_tokens"] + more), READ,
               commands=(TOKENIZE, TOKENIZE + ["--special"]), stdin=b"<a><b><c><a><b<a>a>>><|turn>x<|turn><|tu<|turn")
    for n, expect in ((2_000, READ), (2_100, LIMIT)):  # of 505 bytes
        many = [{"id": 512 + i, "content": "<" * 500 + f"{i:05}", "special": False} for i in range(n)]
        yield file(f"added-{n}-with-one-beginning", at(["added_tokens"], WHOLE["added_tokens"] + many), expect, "",
                   commands=(TOKENIZE,), stdin=b"<" * 1_000_000, mib=160)


def pipelines():
    for key, value in (("type", "Unigram"), ("type", "WordPiece"), ("type", "WordLevel"), ("type", ""), ("type", "\x1b[2J"),
                       ("type", 5), ("type", None), ("byte_fallback", False), ("byte_fallback", None), ("byte_fallback", "yes"),
                       ("ignore_merges", True), ("dropout", 0.5), ("dropout", "x"), ("continuing_subword_prefix", "##"),
                       ("end_of_word_suffix", "</w>")):
        yield file(f"model-{key}-{value}".replace("\x1b", "ESC").replace("/", "-"), at(["model", key], value), UNSUPPORTED)
    for label, value in (("list", []), ("text", "BPE"), ("null", None), ("number", 5)):
        yield file(f"model-{label}", at(["model"], value), UNSUPPORTED)
    yield file("model-absent", at(["model"], DELETED), CORRUPT, "model")
    for label, value in (
        ("nfc", {"type": "NFC"}), ("lower", {"type": "Lowercase"}), ("sequence", {"type": "Sequence", "normalizers": [{"type": "NFKC"}]}),
        ("prepend", {"type": "Prepend", "prepend": "\u2581"}), ("text", "Replace"), ("list", []), ("number", 5), ("empty", {}),
        ("null", None), ("precompiled", {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
        ("other-pattern", {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": "\u2581"}),
        ("other-content", {"type": "Replace", "pattern": {"String": " "}, "content": "_"}),
        ("two", {"type": "Sequence", "normalizers": [WHOLE["normalizer"]] * 2}), ("deep", {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": []}]}),
    ):
        yield file(f"normalizer-{label}", at(["normalizer"], value), UNSUPPORTED)
    for label, pattern in (("re-nested", "(a+)+$"), ("re-alternatives", "(a|a)*b"), ("re-backreference", "(.*)\\1"), ("re-look", "(?=.*a)(?!b)"),
                           ("re-counted", "((a{1,1000}){1,1000}){1,1000}"), ("re-unicode", "\\p{L}+|\\p{N}+"), ("re-broken", "(((("),
                           ("re-class", "[^\\n]+|[\\n]+"), ("re-long", "a?" * 30_000)):
        yield file(label, at(["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}),
                   UNSUPPORTED, "pre-tokenizer")
    for label, value in (("bytelevel", {"type": "ByteLevel", "add_prefix_space": False}), ("metaspace", {"type": "Metaspace"}),
                         ("text", "Split"), ("number", 5), ("list", []), ("empty", {}), ("whitespace", {"type": "Whitespace"}),
                         ("sequence", {"type": "Sequence", "pretokenizers": [{"type": "Digits"}]}),
                         ("other-string", {"type": "Split", "pattern": {"String": "a"}})):
        yield file(f"pre-{label}", at(["pre_tokenizer"], value), UNSUPPORTED, "pre-tokenizer")
    for label, value in (("metaspace", {"type": "Metaspace"}), ("text", "Fuse"), ("number", 5), ("empty", {}), ("wordpiece", {"type": "WordPiece"}),
                         ("strip", {"type": "Strip", "content": " ", "start": 1, "stop": 0})):
        yield file(f"decoder-{label}", at(["decoder"], value), UNSUPPORTED, "decoder")
    for key in ("truncation", "padding", "post_processor", "version"):  # none of them changes text or ids
        for label, value in (("number", 5), ("object", {"a": [1]}), ("text", "\x1b[2J")):
            yield file(f"unused-{key}-{label}", at([key], value), READ)


def places():
    yield file("place-absent", None, NOT_FOUND, "tokenizer.json")
    for label, link, expect in (("dangling", "nowhere", NOT_FOUND), ("loop", NAME, NOT_FOUND), ("device", "/dev/zero", USAGE),
                                ("folder", ".", USAGE), ("null", "/dev/null", USAGE)):
        yield file(f"place-{label}", Link(link), expect)


def configs():
    """tokenizer_config.json only says whether there is a chat template."""
    whole = load(CONFIG)
    ask = dict(commands=(ASK,))
    for label, value in (("text", "{{ messages }}"), ("list", [{"name": "default", "template": "x"}]), ("number", 5), ("empty", ""),
                         ("deep", "{% for x in y %}" * 1000), ("null", None), ("escape", "\x1b[2J")):
        yield case(f"config-template-{label}", {CONFIG: json.dumps({**whole, "chat_template": value}).encode()}, READ, **ask)
    for key in whole:
        for label, value in (("number", 5), ("null", None), ("list", [1]), ("escape", "\x1b[2J")):
            yield case(f"config-{key}-{label}", {CONFIG: json.dumps({**whole, key: value}).encode()}, READ, **ask)
    for label, text in (("brace", b"{"), ("list", b"[]"), ("empty", b""), ("not-utf8", b'{"\xff":1}'), ("nul", b"{}\0"),
                        ("null", b"null"), ("nan", b'{"a":NaN}')):
        yield case(f"config-broken-{label}", {CONFIG: text}, CORRUPT, CONFIG, **ask)
    yield case("config-broken-deep", {CONFIG: b'{"a":' * 100_000}, LIMIT, CONFIG, **ask)
    yield case("config-broken-large", {CONFIG: b'{"a":"' + b"x" * (20 << 20) + b'"}'}, LIMIT, CONFIG, **ask)
    yield case("config-broken-members", {CONFIG: b'{"a":[' + b"0," * 300_000 + b"0]}"}, LIMIT, CONFIG, **ask)
    yield case("config-absent", {CONFIG: None}, READ, **ask)
    yield case("config-device", {CONFIG: Link("/dev/zero")}, USAGE, CONFIG, **ask)


def flips():
    whole = (FOLDER / NAME).read_bytes()
    random = seeded("tokenizer.json flips")
    for i in range(60):
        content, where = bytearray(whole), random.randrange(len(whole))
        content[where] ^= 1 << random.randrange(8)
        yield file(f"flip-{i}-at-{where}", bytes(content), "either")


def cases():
    for make in (jsons, vocabularies, merges, added, pipelines, places, configs, flips):
        yield from make()
