// y = W x with int8 activations (`fast`), AVX-512 VNNI. One group of 16 rows, C columns (docs/arithmetic.md):
//
//   acc = 0;  for each block, ascending:  acc = fma(round(dot * d_w), d_x, acc);  with a minimum: acc = fma(-m, d_x
//   sum(q), acc)
//
// The dot starts at 1.5 * 2^23 - zero_point * sum(q), so round(dot * d_w) = fma(1.5 * 2^23 + dot, d_w, -1.5 * 2^23 *
// d_w) exactly: the product has few bits, because d_w is a half (times 8 bits). Included by targets/avx512.cc inside
// its namespace.

// g++ 12 copies and spills accumulators around the intrinsic; one line of assembly does not (style guide 5).
inline __attribute__((always_inline)) void dot_u8s8(__m512i& acc, __m512i codes, const std::int32_t* four_int8) {
  asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(codes), "m"(*four_int8));
}

// How far ahead weights are asked for: unpacking fills the reorder window before it reaches the next lines by itself.
// Measured on Zen 5 (one thread, share of a plain read; none / 1 / 2 / 4 KiB into L1): Q4_0 53 / 88 / 93 / 104 %, Q6_K
// 56 / 67 / 79 / 80 %.
inline constexpr std::int64_t kPrefetchBytes = 4096;

// Unsigned codes of a half as 8 registers: byte t of register j = k 4j + t.
template <int Bits>
inline __attribute__((always_inline)) void load_codes(const std::uint8_t* p, __m512i* w) {
  if constexpr (Bits == 8) {
    for (int j = 0; j < 8; ++j) w[j] = _mm512_loadu_si512(p + j * 64);
  } else {
    const __m512i nibble = _mm512_set1_epi8(15);
    for (int j = 0; j < 4; ++j) {
      const __m512i v = _mm512_loadu_si512(p + j * 64);
      w[j] = _mm512_and_si512(v, nibble);
      w[4 + j] = _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble);
    }
    if constexpr (Bits == 6) {
      const __m512i high = _mm512_set1_epi8(0x30);
      for (int h = 0; h < 2; ++h) {
        const __m512i v = _mm512_loadu_si512(p + 256 + h * 64);
        const __m512i shifted[4] = {_mm512_slli_epi16(v, 4), _mm512_slli_epi16(v, 2), v, _mm512_srli_epi16(v, 2)};
        for (int i = 0; i < 4; ++i) {
          w[4 * h + i] = _mm512_ternarylogic_epi32(w[4 * h + i], shifted[i], high, 0xF8);  // w | (shifted & high)
        }
      }
    }
  }
}

// A half of 32 k for C columns.
template <PackedFormat Format, int C>
inline __attribute__((always_inline)) void multiply_half(const Chunk<Format>& chunk, int half, const std::int32_t* x,
                                                         __m512* acc) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  constexpr int kParts = 32 / kTraits.block;
  constexpr int kAtOnce = C < 4 ? C : 4;
  __m512i w[8];
  load_codes<kTraits.code_bits>(chunk.codes(half), w);
  __m512 d[kParts], minus_magic_d[kParts];
  for (int part = 0; part < kParts; ++part) {
    d[part] = chunk.scale(half, part).v;
    minus_magic_d[part] = _mm512_mul_ps(d[part], _mm512_set1_ps(-kMagic));
  }
  const std::int32_t* starts = x + 8 * C;
  const auto* scales = reinterpret_cast<const float*>(starts + kParts * C);
  for (int c0 = 0; c0 < C; c0 += kAtOnce) {
    __m512i dot[kParts][kAtOnce];
    for (int part = 0; part < kParts; ++part) {
      for (int u = 0; u < kAtOnce; ++u) dot[part][u] = _mm512_set1_epi32(starts[part * C + c0 + u]);
    }
    for (int j = 0; j < 8; ++j) {
      for (int u = 0; u < kAtOnce; ++u) dot_u8s8(dot[j * kParts / 8][u], w[j], x + j * C + c0 + u);
    }
    for (int part = 0; part < kParts; ++part) {
      for (int u = 0; u < kAtOnce; ++u) {
        __m512 scaled;
        if constexpr (Format == PackedFormat::kS8x32F) {  // an f32 scale may be too large for the magic product
          scaled =
              _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(dot[part][u], _mm512_set1_epi32(kMagicBits))), d[part]);
        } else {
          scaled = _mm512_fmadd_ps(_mm512_castsi512_ps(dot[part][u]), d[part], minus_magic_d[part]);
        }
        acc[c0 + u] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(scales[c0 + u]), acc[c0 + u]);
      }
      if constexpr (kTraits.has_min) {
        const __m512 m = chunk.minus_min(half, part).v;
        const float* sums = scales + C + part * C;
        for (int u = 0; u < kAtOnce; ++u) acc[c0 + u] = _mm512_fmadd_ps(m, _mm512_set1_ps(sums[c0 + u]), acc[c0 + u]);
      }
    }
  }
}

template <PackedFormat Format, int C>
inline __attribute__((always_inline)) void multiply_tile(const PackedView& view, std::int64_t group,
                                                         const std::int32_t* x, __m512* acc) {
  using Group = Chunk<Format>;
  constexpr int kWords = 8 + Group::kParts + 1 + (Group::kTraits.has_min ? Group::kParts : 0);
  constexpr auto kHint = C <= 4 ? _MM_HINT_NTA : _MM_HINT_T0;  // wider tiles may be followed by another one
  constexpr int kLines = (Group::kBytes / Group::kHalves + 63) / 64;
  for (int c = 0; c < C; ++c) acc[c] = _mm512_setzero_ps();
  for_each_half<Format>(view, group, 0, view.cols_padded / Group::kCols, [&](const Group& chunk, int half) {
    const auto* ahead =
        reinterpret_cast<const char*>(chunk.data) + kPrefetchBytes + half * (Group::kBytes / Group::kHalves);
    for (int line = 0; line < kLines; ++line) _mm_prefetch(ahead + line * 64, kHint);
    multiply_half<Format, C>(chunk, half, x, acc);
    x += kWords * C;
  });
}

template <PackedFormat Format, int C>
inline void multiply_tile_groups(const PackedView& view, std::int64_t first_group, std::int64_t end_group,
                                 const std::int32_t* x, std::int64_t n_columns, float* y, std::int64_t y_stride) {
  for (std::int64_t g = first_group; g < end_group; ++g) {
    __m512 acc[C];
    multiply_tile<Format, C>(view, g, x, acc);
    for (int c = 0; c < C && c < n_columns; ++c) store_group(view, g, F{acc[c]}, y + c * y_stride);
  }
}
