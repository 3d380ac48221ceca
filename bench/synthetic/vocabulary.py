"""Gemma 4's vocabulary as GGUF metadata, made from the small real model's, which has the same ids.

The control strings are renamed and the merges follow from the scores as Hugging Face's converter makes them, as
src/formats/gemma_vocabulary_testing.h does for the tests.
"""

import json
import pathlib
import sys

_TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
sys.path.insert(0, str(_TESTS / "e2e"))

from containers import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, Gguf, GgufTensor  # noqa: E402,F401
from gemma4_vocabulary import ADDED, CONTROL, NORMAL, UNUSED  # noqa: E402

_SPACE = "\u2581"


def is_blank_run(piece):
    return len(set(piece)) == 1 and piece[0] in ("\n", "\t", _SPACE)


def merges_of(pieces, types, scores):
    """"left right" of every cut of every normal piece into two pieces: runs of blanks first, then by falling score;
    among equals the longer left part, then the longer right part."""
    known = set(pieces)
    merges = []
    for piece, kind, score in zip(pieces, types, scores):
        blank = is_blank_run(piece)
        if kind != NORMAL and not blank:
            continue
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in known and right in known:
                merges.append((1e6 if blank else score, at, len(right), left + " " + right))
    merges.sort(key=lambda merge: merge[:3], reverse=True)
    return [merge[3] for merge in merges]


def gemma4_metadata(real_gguf):
    """{key: (type, value)} of the tokenizer, for containers.Gguf. Errors: OSError, ValueError for another file."""
    with open(real_gguf, "rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError(f"{real_gguf}: no GGUF file; expected the small real model that tools/fetch_model gets")
    gemma3 = Gguf.read(real_gguf, with_tensors=False).metadata
    raw_pieces = gemma3["tokenizer.ggml.tokens"][1][1]
    types = list(gemma3["tokenizer.ggml.token_type"][1][1])
    scores = gemma3["tokenizer.ggml.scores"][1][1]
    examples = json.loads((_TESTS / "golden" / "chat" / "chat-examples.json").read_text())
    pieces = [piece.decode() for piece in raw_pieces]
    # Files with scores have runs of blanks as they are, files with merges have them as every other blank.
    pieces = [_SPACE * len(piece) if set(piece) == {" "} else piece for piece in pieces]
    types = [UNUSED if kind == CONTROL or (kind == ADDED and not is_blank_run(piece)) else kind
             for piece, kind in zip(pieces, types)]
    for text, token in examples["special_tokens"].items():
        pieces[token], types[token] = text, CONTROL
    merges = merges_of(pieces, types, scores)
    types = [NORMAL if is_blank_run(piece) else kind for piece, kind in zip(pieces, types)]
    tokenizer = {
        "model": (STRING, b"gemma4"),
        "tokens": (ARRAY, (STRING, [piece.encode() for piece in pieces])),
        "token_type": (ARRAY, (INT32, types)),
        "scores": (ARRAY, (FLOAT32, [float(-i) for i in range(len(pieces))])),
        "merges": (ARRAY, (STRING, [merge.encode() for merge in merges])),
        "bos_token_id": (UINT32, 2),
        "eos_token_id": (UINT32, 1),
        "unknown_token_id": (UINT32, 3),
        "padding_token_id": (UINT32, 0),
        "add_bos_token": (BOOL, True),
        "add_space_prefix": (BOOL, False),
    }
    return {"tokenizer.ggml." + key: value for key, value in tokenizer.items()}
