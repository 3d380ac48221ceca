"""Makes random.json: python3 make_random.py TOKENIZER_JSON > random.json

Needs the package tokenizers (0.20.3 was used). TOKENIZER_JSON is what to_tokenizer_json(with_merges(gemma4_vocabulary()))
of src/formats/gemma_vocabulary_testing.h gives.
"""

import json
import random
import sys

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
random.seed(2026)
n_vocab = tokenizer.get_vocab_size()
pieces = [tokenizer.id_to_token(i) for i in range(n_vocab)]
byte_ids = [tokenizer.token_to_id("<0x%02X>" % i) for i in range(256)]
BORDERS = [" ", ">", "</", "<", "a", "\n", "\t", "e", "the ", " th", "▁", "ing", "1", "2", "<bos>", "<|turn>", "é",
           "\r\n", "  ", "> </"]
UTF8_PARTS = [0xE5, 0x8F, 0xAB, 0x41, 0xF0, 0x9F, 0x98, 0x80, 0xFF]


def text(kind):
    n = random.randint(1, 30)
    if kind == 0:  # borders of words
        return "".join(random.choice(BORDERS) for _ in range(n))
    if kind == 1:  # pieces glued together
        return "".join(pieces[random.randrange(n_vocab)].replace("▁", " ") for _ in range(n // 4 + 1))
    if kind == 2:  # arbitrary code points
        return "".join(
            chr(random.choice([random.randint(0, 0x250), random.randint(0, 0xD7FF), random.randint(0xE000, 0x10FFFF)]))
            for _ in range(n))
    if kind == 3:  # runs
        return random.choice("ab=-_0 \n\t.<>") * random.randint(2, 150)
    return "".join(random.choice("abcdefghij -=.") for _ in range(n * 3))


def ids():
    return [
        random.choice([byte_ids[random.choice(UTF8_PARTS)], random.choice(byte_ids), random.randrange(494, 5000)])
        for _ in range(random.randint(1, 10))
    ]


encode = []
for i in range(150):
    x = text(i % 5)
    encode.append({"text": x, "ids": tokenizer.encode(x, add_special_tokens=False).ids})
decode = []
for _ in range(100):
    x = ids()
    decode.append({"ids": x, "text": tokenizer.decode(x, skip_special_tokens=False)})
print('{"encode":[\n' + ",\n".join(json.dumps(e) for e in encode) + '\n],"decode":[\n' +
      ",\n".join(json.dumps(e) for e in decode) + "\n]}")
