"""Requests as `carat render` reads them: JSON at its limits, every field of every wrong type, tools that are too much."""

import copy
import json

from case import CORRUPT, EITHER, IO, LIMIT, NOT_FOUND, READ, USAGE, Case, Link, seeded

RENDER = ["render", "--format", "gemma4-small", "@m.json", "--json"]
OTHERS = [["render", "--format", "gemma4-large", "@m.json"], ["render", "--format", "gemma3", "@m.json"]]
WRONG = {"null": None, "bool": True, "number": 5, "float": 0.5, "text": "x", "list": [1], "object": {"a": 1}}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {
    "city": {"type": "string", "description": "c", "enum": ["a", "b"]}}, "required": ["city"]}}}
WHOLE = {
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "u"}, {"type": "image"}]},
        {"role": "assistant", "content": "a", "reasoning": "r",
         "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"city": "x", "n": [1, {"b": None}]}}}]},
        {"role": "tool", "name": "f", "tool_call_id": "1", "content": "result"},
        {"role": "assistant", "tool_responses": [{"name": "f", "response": {"t": 1}}], "content": "b"},
    ],
    "tools": [TOOL], "add_generation_prompt": True, "enable_thinking": True, "preserve_thinking": True,
}


def request(name, content, expect, *words, **more):
    if not isinstance(content, (bytes, Link)) and content is not None:
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    size = len(content) if isinstance(content, bytes) else 0
    # What is read is held as text, as values and as a prompt, in which each quotation mark is a piece of its own.
    more.setdefault("mib", 64 + 2 * size / (1 << 20) if expect not in (READ, EITHER) else 256 + 8 * size / (1 << 20))
    commands = [RENDER] if size > 100_000 else [RENDER, *OTHERS]
    return Case(name, {} if content is None else {"m.json": content}, commands, expect, words, **more)


def user(content, **more):
    return {"messages": [{"role": "user", "content": content}], **more}


def call(arguments):
    return {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]}


def paths(value, path=()):
    """Of every value inside."""
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], path + (key,))
    if isinstance(value, list):
        for i in range(len(value)):
            yield from paths(value[i], path + (i,))


def changed(path, value):
    whole = copy.deepcopy(WHOLE)
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return whole


def types():
    """Schemas, arguments and results may hold anything; all else has its type."""
    yield request("control", WHOLE, READ)
    for path in paths(WHOLE):
        label = ".".join(map(str, path))
        free = "arguments" in path[:-1] or "response" in path or (path[0] == "tools" and len(path) > 2)
        for kind, wrong in WRONG.items():
            yield request(f"type-{label}-{kind}", changed(path, wrong), EITHER if free or fits(path, wrong) else USAGE,
                          *(() if free or fits(path, wrong) else ("request: ",)))


def fits(path, wrong):
    """Whether this value is possible there; all but `messages` and `role` may be null."""
    last = path[-1]
    if wrong is None:
        return last not in ("messages", "role") and not isinstance(last, int) and path[-2:] != ("function", "name") and last != "function"
    if last in ("add_generation_prompt", "enable_thinking", "preserve_thinking"):
        return isinstance(wrong, bool)
    if last == "content":
        return isinstance(wrong, str) or path[:2] == ("messages", 3) and not isinstance(wrong, (dict, list))
    if last in ("role", "text", "type", "reasoning", "name", "id", "tool_call_id"):
        return isinstance(wrong, str)
    if last == "arguments":
        return isinstance(wrong, dict)
    return isinstance(wrong, dict) and (path[0] == "tools" or path[2:3] in (("content",), ("tool_responses",)))


def jsons():
    for label, text in (("empty", ""), ("brace", "{"), ("cut", json.dumps(WHOLE)[:-1]), ("two", json.dumps(WHOLE) * 2), ("nan", '{"messages": NaN}'),
                        ("infinity", '{"messages": [Infinity]}'), ("comment", "{/**/}"), ("comma", '{"messages": [],}'), ("quotes", "{'messages': []}"),
                        ("nul", json.dumps(WHOLE) + "\0"), ("control-character", '{"messages": "\x01"}'), ("escape", '{"messages": "\\x"}'),
                        ("high-surrogate", '{"messages": [{"role": "user", "content": "\\ud83d"}]}'),
                        ("low-surrogate", '{"messages": [{"role": "user", "content": "\\ude00"}]}'),
                        ("swapped-surrogates", '{"messages": [{"role": "user", "content": "\\ude00\\ud83d"}]}'),
                        ("1e999", '{"messages": [1e999]}'), ("plus", '{"a": +1}'), ("zero", '{"a": 01}'), ("hex", '{"a": 0x1}'), ("point", '{"a": .5}')):
        yield request(f"json-{label}", text, CORRUPT)
    for label, text in (("not-utf8", b'{"messages": "\xff"}'), ("surrogate-bytes", b'{"a": "\xed\xa0\x80"}'), ("overlong", b'{"a": "\xc0\xaf"}'),
                        ("utf-16", json.dumps(WHOLE).encode("utf-16")), ("cut-character", b'{"a": "\xe2\x96'), ("zeros", bytes(1000))):
        yield request(f"json-{label}", text, CORRUPT)
    for label, text in (("list", "[]"), ("null", "null"), ("number", "5"), ("text", '"x"'), ("object", "{}")):
        yield request(f"json-{label}", text, USAGE, "request: ")
    yield request("json-surrogate-pair", '{"messages": [{"role": "user", "content": "\\ud83d\\ude00"}]}', READ)
    yield request("json-nul-escape", '{"messages": [{"role": "user", "content": "a\\u0000b"}]}', READ)
    yield request("json-messages-twice", '{"messages": 5, "messages": [{"role": "user", "content": "x"}]}', READ)  # the last counts
    yield request("json-role-twice", '{"messages": [{"role": "user", "role": 5, "content": "x"}]}', USAGE)
    yield request("json-content-twice", '{"messages": [{"role": "user", "content": {}, "content": "x"}]}', READ)
    yield request("json-unknown-keys", {**WHOLE, "x": [1], "\x1b[2J": "y"}, READ)
    yield request("json-empty-key", {**WHOLE, "": 1}, READ)


def limits():
    for n in (62, 63, 64):
        yield request(f"depth-lists-{n}", '{"messages": [], "x": ' + "[" * n + "]" * n + "}", READ if n < 64 else LIMIT)
        inside = "{" + '"a":{' * (n - 7) + "}" * (n - 7) + "}"
        yield request(f"depth-arguments-{n}", json.dumps(call({})).replace("{}", inside), READ)
    deeper = "{" + '"a":{' * 58 + "}" * 58 + "}"
    yield request("depth-arguments-65", json.dumps(call({})).replace("{}", deeper), LIMIT, "64")
    for n in (1000, 1_000_000, 20_000_000):
        yield request(f"depth-lists-{n}", "[" * n, LIMIT, "64")
        yield request(f"depth-objects-{n}", '{"a":' * n, LIMIT, "64")
        yield request(f"depth-content-{n}", '{"messages": [{"role": "user", "content": ' + "[" * n, LIMIT, "64")
    for n in (199_998, 199_999, 200_000):  # with the two lists themselves
        text = '{"messages": [], "x": [' + "0," * (n - 1) + "0]}"
        yield request(f"members-{n}", text, READ if n + 2 <= 200_000 else LIMIT, seconds=1)
    for n in (200_001, 20_000_000):
        yield request(f"members-list-{n}", "[" + "0," * n + "0]", LIMIT, "200000")
        yield request(f"members-empty-lists-{n}", "[" + "[]," * n + "0]", LIMIT, "200000")
        yield request(f"members-keys-{n}", "{" + '"a":0,' * n + '"a":0}', LIMIT, "200000")
    yield request("members-different-keys", "{" + ",".join(f'"k{i}":0' for i in range(190_000)) + "}", USAGE, "messages")
    yield request("members-same-hash-keys", "{" + ",".join(f'"{i:b}":0' for i in range(190_000)) + "}", USAGE, "messages")
    for n in (63, 64, 65):
        yield request(f"digits-{n}", json.dumps(user("x")).replace('"x"', '"x", "y": ' + "1" * n),
                      READ if n <= 64 else LIMIT)
        yield request(f"digits-fraction-{n}", json.dumps(user("x")).replace('"x"', '"x", "y": 0.' + "1" * (n - 2)), READ if n <= 64 else LIMIT)
    yield request("digits-million", json.dumps(user("x")).replace('"x"', '"x", "y": ' + "1" * 1_000_000), LIMIT, "64")
    yield request("digits-exponent", json.dumps(user("x")).replace('"x"', '"x", "y": 1e' + "0" * 100), LIMIT, "64")
    for label, number in (("2^63", 1 << 63), ("2^64", 1 << 64), ("10^60", 10**60), ("minus", -(1 << 63) - 1), ("1e308", 1e308), ("tiny", 5e-324),
                          ("long", 0.1234567890123456789)):
        yield request(f"number-argument-{label}", call({"n": number}), READ)
    yield request("number-argument-minus-zero", json.dumps(call({"n": 5})).replace("5", "-0.0"), READ)
    for n in (4095, 4096, 4097):
        yield request(f"messages-{n}", {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * 2048 +
                                        [{"role": "user", "content": "z"}]} if n == 4097 else
                      {"messages": ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * 2048)[:n]},
                      READ if n <= 4096 else LIMIT, *(("4096",) if n > 4096 else ()))
    for n in (63, 64, 65):
        yield request(f"parts-{n}", user([{"type": "text", "text": "x"}] * n), READ if n <= 64 else LIMIT, *(("64",) if n > 64 else ()))
        yield request(f"parts-images-{n}", user([{"type": "image"}] * n), READ if n <= 64 else LIMIT)
    for n in (255, 256, 257):
        yield request(f"tools-{n}", user("x", tools=[TOOL] * n), READ if n <= 256 else LIMIT, *(("256",) if n > 256 else ()))
    empty = json.dumps({**TOOL, "function": {**TOOL["function"], "description": ""}}, separators=(",", ":"))
    for d in (-1, 0, 1):
        description = "x" * ((1 << 20) + d - len(empty))
        tool = {**TOOL, "function": {**TOOL["function"], "description": description}}
        yield request(f"tools-bytes-{d:+}", user("x", tools=[tool]), READ if d <= 0 else LIMIT, *(("1048576",) if d > 0 else ()))
    yield request("tool-calls-60000", {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f"}}] * 60_000}]}, READ)


def sizes():
    text = "x" * (10 << 20)
    yield request("size-content", user(text), READ)
    yield request("size-system", {"messages": [{"role": "system", "content": text}]}, READ)
    yield request("size-reasoning", {"messages": [{"role": "assistant", "reasoning": text, "content": "a"}]}, READ)
    yield request("size-argument", call({"a": text}), READ)
    yield request("size-key", call({text: 1}), READ)
    yield request("size-name", {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": text}}]}]}, READ)
    yield request("size-role", {"messages": [{"role": text, "content": "a"}]}, EITHER)
    yield request("size-result", {"messages": [WHOLE["messages"][2], {"role": "tool", "content": text}]}, READ)
    yield request("size-spaces", user(" " * (10 << 20)), READ)
    yield request("size-escapes", '{"messages": [{"role": "user", "content": "' + "\\u0041" * (2 << 20) + '"}]}', READ)
    yield request("size-quotes", user('<|"|>' * (2 << 20)), READ)
    yield request("size-control", user("<|turn>" * (1 << 20)), READ)
    yield request("size-thinking", {"messages": [{"role": "assistant", "content": "<|channel>thought\n" * 500_000}]}, READ)
    yield request("size-unclosed-thinking", {"messages": [{"role": "assistant", "content": "<|channel>" * 1_000_000 + "<channel|>"}]}, READ)
    yield request("size-65-MB", b'{"a": "' + b"x" * (65 << 20), LIMIT, mib=64)
    yield request("size-unknown-key", json.dumps(user("x"))[:-1] + ', "' + "k" * (10 << 20) + '": 1}', READ)


def tools():
    """Schemas are printed, never followed: what refers to itself is only text."""
    def tool(label, parameters, expect=READ, **function):
        return request(f"schema-{label}", user("x", tools=[{"type": "function", "function": {"name": "f", "description": "d",
                                                                                               "parameters": parameters, **function}}]), expect)

    yield tool("ref-to-itself", {"$ref": "#"}, EITHER)
    yield tool("ref-cycle", {"type": "object", "properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}})
    yield tool("ref-far", {"$ref": "http://127.0.0.1/x.json"}, EITHER)
    deep = {"type": "object", "properties": {}}
    for _ in range(26):
        deep = {"type": "object", "properties": {"a": deep}}
    yield tool("deep-26", deep)
    for _ in range(10):
        deep = {"type": "object", "properties": {"a": deep}}
    yield tool("deep-36", deep, LIMIT)
    items = {"type": "string"}
    for _ in range(50):
        items = {"type": "array", "items": items}
    yield tool("arrays-50", items)
    yield tool("wide", {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(20_000)}})
    yield tool("enum", {"type": "object", "properties": {"a": {"type": "string", "enum": ["x"] * 100_000}}})
    yield tool("required", {"type": "object", "properties": {}, "required": ["x"] * 100_000})
    for label, value in WRONG.items():
        yield tool(f"parameters-{label}", value, EITHER)
        yield tool(f"type-{label}", {"type": value}, EITHER)
        yield tool(f"properties-{label}", {"type": "object", "properties": value}, EITHER)
        yield tool(f"property-{label}", {"type": "object", "properties": {"a": value}}, EITHER)
        yield tool(f"items-{label}", {"type": "array", "items": value}, EITHER)
        yield tool(f"required-{label}", {"type": "object", "properties": {}, "required": value}, EITHER)
        yield tool(f"enum-{label}", {"type": "object", "properties": {"a": {"type": "string", "enum": value}}}, EITHER)
        yield tool(f"description-{label}", {"type": "object"}, EITHER, description=value)
        yield tool(f"name-{label}", {"type": "object"}, EITHER, name=value)
    yield tool("control-names", {"type": "object", "properties": {"<|turn>": {"type": "<turn|>", "title": "<|tool_call>"}}},
               name='<|"|>', description="<tool|>")


def roles():
    for label, messages in (("none", []), ("only-system", ["system"]), ("only-tool", ["tool"]), ("two-systems", ["system", "system"]),
                            ("assistant-first", ["assistant", "user"]), ("users", ["user"] * 10), ("tools", ["tool"] * 10),
                            ("empty", [""]), ("control", ["<|turn>"]), ("escape", ["\x1b[2J"]), ("newline", ["user\nmodel"]),
                            ("model", ["user", "model"]), ("developer", ["developer", "user"])):
        yield request(f"role-{label}", {"messages": [{"role": r, "content": "x"} for r in messages]}, EITHER)
    yield request("role-absent", {"messages": [{"content": "x"}]}, USAGE, "role")
    yield request("role-tool-with-object", {"messages": [{"role": "tool", "content": {"a": 1}}]}, USAGE)


def places():
    yield request("place-absent", None, NOT_FOUND)
    for label, link, expect in (("dangling", "nowhere", NOT_FOUND), ("loop", "m.json", IO), ("device", "/dev/zero", USAGE), ("null", "/dev/null", USAGE),
                                ("folder", ".", USAGE)):
        yield request(f"place-{label}", Link(link), expect)
    for label, text, expect in (("control", json.dumps(WHOLE).encode(), READ), ("empty", b"", CORRUPT), ("nul", bytes(100), CORRUPT),
                                ("65-MB", b"[" * (65 << 20), LIMIT)):
        yield Case(f"stdin-{label}", {}, [["render", "--format", "gemma4-small", "-", "--json"]], expect, (), text,
                   mib=64 if len(text) < 1000 else 224)


def flips():
    whole = json.dumps(WHOLE).encode()
    random = seeded("message flips")
    for i in range(60):
        content, at = bytearray(whole), random.randrange(len(whole))
        content[at] ^= 1 << random.randrange(8)
        yield request(f"flip-{i}-at-{at}", bytes(content), EITHER)


def cases():
    for make in (types, jsons, limits, sizes, tools, roles, places, flips):
        yield from make()
