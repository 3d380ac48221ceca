"""Random weights as blocks of GGUF's types (docs/formats/blocks.md): about normal, sigma 0.02.

A pool of blocks is made once a type, a byte column at a time, with Python's byte strings alone; every tensor is then
laid from random places of it, so that the disk is the limit.
"""

import array
import dataclasses
import random
import statistics
import struct

SIGMA = 0.02
POOL_BYTES = 32 << 20
_NORMAL = statistics.NormalDist()


@dataclasses.dataclass(frozen=True)
class BlockType:
    name: str
    id: int  # ggml's number, on disk
    n_elements: int
    n_bytes: int


F32 = BlockType("F32", 0, 1, 4)
Q4_0 = BlockType("Q4_0", 2, 32, 18)
Q5_0 = BlockType("Q5_0", 6, 32, 22)
Q8_0 = BlockType("Q8_0", 8, 32, 34)
Q4_K = BlockType("Q4_K", 12, 256, 144)
Q6_K = BlockType("Q6_K", 14, 256, 210)
BF16 = BlockType("BF16", 30, 1, 2)


def normal_codes(n_bits, zero, sigma):
    """2^n_bits codes that, all equally likely, are about normal around `zero`."""
    n = 1 << n_bits
    return [round(zero + sigma * _NORMAL.inv_cdf((i + 0.5) / n)) for i in range(n)]


def nibble_table(zero, sigma):
    """For bytes.translate: a random byte to two independent normal nibbles."""
    codes = normal_codes(4, zero, sigma)
    return bytes(codes[b & 15] | codes[b >> 4] << 4 for b in range(256))


def halves_near(value):
    """256 halves within an eighth of `value`, one for each random byte."""
    return [struct.pack("<e", value * (0.875 + 0.25 * b / 255)) for b in range(256)]


class Pool:
    """Blocks of one type; `random_source` is a random.Random."""

    def __init__(self, kind, random_source):
        self.kind = kind
        self._random = random_source
        self._n_blocks = POOL_BYTES // kind.n_bytes
        self._blocks = bytearray(self._n_blocks * kind.n_bytes)
        fills = {F32: self._fill_f32, BF16: self._fill_bf16, Q4_0: self._fill_q4_0, Q5_0: self._fill_q5_0,
                 Q8_0: self._fill_q8_0, Q4_K: self._fill_q4_k, Q6_K: self._fill_q6_k}
        fills[kind]()

    def write(self, file, n_elements):
        """Writes so many elements, from random places."""
        left = n_elements // self.kind.n_elements
        view, size = memoryview(self._blocks), self.kind.n_bytes
        while left:
            at = self._random.randrange(self._n_blocks)
            n = min(left, self._n_blocks - at)
            file.write(view[at * size : (at + n) * size])
            left -= n

    def _bytes(self, n_columns=1):
        return self._random.randbytes(self._n_blocks * n_columns)

    def _column(self, i, values):
        self._blocks[i :: self.kind.n_bytes] = values

    def _columns(self, begin, end, table):
        for i in range(begin, end):
            self._column(i, self._bytes().translate(table))

    def _halves(self, at, halves, chosen):
        """Bytes `at` and `at + 1` of every block: of the 256 `halves` the one that its byte of `chosen` says."""
        self._column(at, chosen.translate(bytes(half[0] for half in halves)))
        self._column(at + 1, chosen.translate(bytes(half[1] for half in halves)))

    def _scale(self, at, value):
        self._halves(at, halves_near(value), self._bytes())

    def _fill_f32(self):
        values = array.array("f", (self._random.gauss(0, SIGMA) for _ in range(1 << 18)))
        block = values.tobytes()
        self._blocks = bytearray(block * (len(self._blocks) // len(block)))
        self._n_blocks = len(self._blocks) // self.kind.n_bytes

    # The high byte holds sign and seven bits of the exponent. Within it all values are equally likely, so its quantiles
    # are those of a narrower normal.
    def _fill_bf16(self):
        high = bytes(struct.pack(">f", 0.69 * SIGMA * _NORMAL.inv_cdf((b + 0.5) / 256))[0] for b in range(256))
        self._column(0, self._bytes())
        self._column(1, self._bytes().translate(high))

    # d, 16 bytes of codes; w = d (code - 8)
    def _fill_q4_0(self):
        self._scale(0, SIGMA / 3.9)
        self._columns(2, 18, nibble_table(8, 3.9))

    # d, 4 bytes of fifth bits, 16 bytes of the lower four; w = d (code - 16)
    def _fill_q5_0(self):
        self._scale(0, SIGMA / 9)
        self._columns(2, 22, bytes(range(256)))

    # d, 32 signed codes; w = d code
    def _fill_q8_0(self):
        self._scale(0, SIGMA / 44)
        self._columns(2, 34, bytes(code & 255 for code in normal_codes(8, 0, 44)))

    # d, dmin, 12 bytes of 6-bit scales and minima, 128 bytes of codes; w = d scale code - dmin minimum.
    # With minimum = scale and dmin = 7.5 d that is d scale (code - 7.5).
    def _fill_q4_k(self):
        d = SIGMA / 3.4 / 52
        chosen = self._bytes()
        self._halves(0, halves_near(d), chosen)
        self._halves(2, halves_near(7.5 * d), chosen)
        # Scales 0-3 are 40..63; the two upper bits of scales 4-7, which share their bytes, say 32..63.
        first = bytes((40 + b % 24) | (2 + (b >> 7)) << 6 for b in range(256))
        both = bytes((b & 15) * 17 for b in range(256))  # lower four bits of scales and of minima 4-7
        for i in range(4):
            scales = self._bytes().translate(first)
            self._column(4 + i, scales)
            self._column(8 + i, scales)
            self._column(12 + i, self._bytes().translate(both))
        self._columns(16, 144, nibble_table(7.5, 3.4))

    # 192 bytes of 6-bit codes, 16 signed scales, d; w = d scale (code - 32). All codes are equally likely.
    def _fill_q6_k(self):
        self._columns(0, 192, bytes(range(256)))
        self._columns(192, 208, bytes(24 + b % 16 for b in range(256)))
        self._scale(208, SIGMA / 18.5 / 32)
