"""Writes the seeds of tests/fuzz/corpus: small files that are right, so that a fuzzer begins behind the first checks.

    python3 tests/fuzz/make_seeds.py

What fuzzing found since lies beside them under its hash; regression-* are inputs that failed once.
"""

import json
import pathlib
import struct
import sys
from random import Random

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
sys.path.insert(0, str(HERE.parent / "e2e"))
import containers as c  # noqa: E402


def put(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(content if isinstance(content, bytes) else content.encode())


def gguf_seeds():
    scalars = {f"k{kind}": (kind, 1) for kind in c._SCALARS}
    arrays = {f"a{kind}": (c.ARRAY, (kind, [1, 0])) for kind in c._SCALARS}
    put("gguf", "types", c.Gguf({**scalars, "s": (c.STRING, b"text")}).to_bytes())
    put("gguf", "arrays", c.Gguf({**arrays, "s": (c.ARRAY, (c.STRING, [b"a", b"", b"b c"]))}).to_bytes())
    tensors = {
        "token_embd.weight": c.GgufTensor([32, 2], c.GGML_Q8_0, bytes(68)),
        "output_norm.weight": c.GgufTensor([4], c.GGML_F32, bytes(16)),
    }
    put("gguf", "tensors", c.Gguf({"general.alignment": (c.UINT32, 32)}, tensors).to_bytes())
    pieces = [f"<0x{i:02X}>".encode() for i in range(256)] + [b"a", b"b", b"ab", b"<bos>"]
    put("gguf", "vocabulary", c.Gguf({
        "tokenizer.ggml.model": (c.STRING, b"gemma4"),
        "tokenizer.ggml.tokens": (c.ARRAY, (c.STRING, pieces)),
        "tokenizer.ggml.token_type": (c.ARRAY, (c.INT32, [6] * 256 + [1, 1, 1, 3])),
        "tokenizer.ggml.merges": (c.ARRAY, (c.STRING, [b"a b"])),
        "tokenizer.ggml.bos_token_id": (c.UINT32, 259),
    }).to_bytes())


def json_seeds():
    put("json", "all", json.dumps({"a": [1, -2.5, 1e9, True, False, None, "\u00e9\n"], "b": {"": {}}, "c": []}))
    put("json", "numbers", "[0,-0,1e400,18446744073709551616,0.1234567890123456789,1E-5]")
    put("json", "escapes", r'"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"')


def safetensors_seeds():
    tensors = {"a": c.Tensor("F32", [2, 2], bytes(16)), "b": c.Tensor("I64", [], bytes(8))}
    header = json.dumps(c.safetensors_header(tensors)).encode()
    header += b" " * (len(header) % 2)  # the target takes an odd first byte for a header without its length
    put("safetensors", "whole", c.safetensors_bytes(tensors, header))
    header = c.safetensors_header(tensors)
    header["__metadata__"] = {"format": "pt"}
    put("safetensors", "header", bytes([24 * 2 + 1]) + json.dumps(header).encode())


def tokenizer_seeds():
    put("tokenizer", "words", "hello the the  ababab\n\n<b>caf\u00e9</b> <|turn>user <0x41>")
    put("tokenizer", "scripts", "\u65e5\u65e5 e\u0301 \U0001F600 \u2581\u2581 \ufeff")
    put("tokenizer", "bytes", b"\xff\xfe\xe2\x96 \xf0\x9f\x98")
    put("tokenizer_json", "tail", '+,"a":256,"b":257,"ab":258,"<bos>":259},"merges":["a b"]},'
        '"added_tokens":[{"id":259,"content":"<bos>","special":true}]}')
    put("tokenizer_json", "pairs", '+,"a":256,"b":257,"ab":258},"merges":[["a","b"]]},"decoder":{"type":"Fuse"}}')
    put("tokenizer_json", "whole", json.dumps({
        "added_tokens": [], "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}},
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "byte_fallback": True, "vocab": {"a": 0}, "merges": []}}))


def chat_seeds():
    examples = json.loads((GOLDEN / "chat/chat-examples.json").read_text())
    requests = [case for case in walk(examples) if isinstance(case, dict) and "messages" in case]
    requests.sort(key=lambda case: len(json.dumps(case)))
    for i in range(0, len(requests), max(1, len(requests) // 12)):
        text = json.dumps(requests[i], ensure_ascii=False)
        if len(text) < 4096:
            put("messages", f"example-{i}", text)
    put("reply", "answer", b"\0\3Hello <b>the</b> world.\n<turn|>")
    put("reply", "thought", b"\0\5<|channel>thought\nhm, hm<channel|>Yes.<turn|>")
    put("reply", "open-thought", b"\1\1thinking<channel|>answer<eos>")
    put("reply", "call", b'\4\7<|tool_call>call:f{s:<|"|>a<|"|>,n:1.5,a:[<|"|>x<|"|>],o:{s:<|"|>z<|"|>}}<tool_call|><|tool_response>')
    put("reply", "malformed", b"\4\2<|tool_call>call:f{s:<tool_call|>text<|tool_call>nothing")


def walk(value):
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(child)


def config_seeds():
    for folder in sorted((GOLDEN / "text").iterdir()):
        if not (folder / "config.json").exists():
            continue
        config = json.loads((folder / "config.json").read_text())
        text = json.dumps(config, separators=(",", ":"))
        generation = folder / "generation_config.json"
        if generation.exists():
            text += "\0" + json.dumps(json.loads(generation.read_text()), separators=(",", ":"))
        put("config", folder.name, text)


def folder_seeds():
    """First byte: which file of the folder. The vocabulary is cut, or the file would be most of the corpus."""
    gemma3 = GOLDEN / "text/gemma3"
    names = ["config.json", "generation_config.json", "tokenizer_config.json"]
    for i, name in enumerate(names):
        put("folder", name.split(".")[0], bytes([i]) + json.dumps(json.loads((gemma3 / name).read_text())).encode()[:4000])
    tokenizer = json.loads((gemma3 / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"] = {piece: id for piece, id in tokenizer["model"]["vocab"].items() if id < 8}
    tokenizer["model"]["merges"], tokenizer["added_tokens"] = [], []
    put("folder", "tokenizer", b"\3" + json.dumps(tokenizer).encode())
    tensors = c.read_safetensors(gemma3 / "model.safetensors")[0]
    weight_map = dict.fromkeys(tensors, "model-00001-of-00001.safetensors")
    put("folder", "index", b"\4" + json.dumps({"weight_map": weight_map}).encode())
    put("folder", "template", b'\2{"chat_template":"{{ bos_token }}"}')


def cli_seeds():
    put("markdown", "all", b"@# Title\n\nSome **bold**, *it* and `code`.\n\n- a\n  - b\n1. c\n> q\n\n```c\nint a;\n```\n---\n"
        b"| a | b |\n| --- | --: |\n| 1 | `x` |\n\n[text](http://a) ~~no~~ \\*\n")
    put("markdown", "control", "A\x1b[31m red \u202e \x9b2J\r\n".encode())
    put("gitignore", "rules", b"*.o\n!keep.o\nbuild/\n/root\na/**/b\n[a-c]?\\ \n\0src/a/b.o")
    put("gitignore", "glob", b"a*[!b-d]?\\*\0aXXe1*")


def random_seeds():
    """For targets that read their input as a list of decisions."""
    random = Random(7)
    for target in ("gguf_records", "safetensors_records", "vocabulary", "packed", "tables", "chat_store", "model"):
        for n in (40, 200, 600):
            put(target, f"random-{n}", random.randbytes(n))


def main():
    random_seeds()
    gguf_seeds()
    json_seeds()
    safetensors_seeds()
    tokenizer_seeds()
    chat_seeds()
    config_seeds()
    folder_seeds()
    cli_seeds()


if __name__ == "__main__":
    main()
