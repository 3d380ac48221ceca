"""Gemma 4's vocabulary, made from the small real model's: its pieces with the control strings renamed."""

from containers import ARRAY, INT32, STRING, Gguf

NORMAL, CONTROL, ADDED, UNUSED = 1, 3, 4, 5


def write_gemma4_vocabulary(gemma3_gguf, control_strings, path):
    """A GGUF file of metadata alone, enough for `tokenize` and for `render --format`."""
    gemma3 = Gguf.read(gemma3_gguf, with_tensors=False)
    pieces = list(gemma3.metadata["tokenizer.ggml.tokens"][1][1])
    types = list(gemma3.metadata["tokenizer.ggml.token_type"][1][1])
    # Gemma 4 has no HTML tags; of the added tokens only the runs of newlines, tabs and spaces stay.
    for id, (piece, kind) in enumerate(zip(pieces, types)):
        blank = set(piece.decode()) in ({"\n"}, {"\t"}, {" "}, {"\u2581"})
        if kind == CONTROL or (kind == ADDED and not blank):
            types[id] = UNUSED
    for text, id in control_strings.items():
        pieces[id], types[id] = text.encode(), CONTROL
    metadata = {key: value for key, value in gemma3.metadata.items() if key.startswith("tokenizer.ggml.")}
    metadata["general.architecture"] = (STRING, b"gemma4")
    metadata["tokenizer.ggml.tokens"] = (ARRAY, (STRING, pieces))
    metadata["tokenizer.ggml.token_type"] = (ARRAY, (INT32, types))
    path.write_bytes(Gguf(metadata).to_bytes())
