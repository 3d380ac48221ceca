// y = W x with int8 activations (`fast`), 256-bit registers: the arithmetic of matmul_i8_avx512-inl.h with a group of
// 16 rows as two halves. How a dot is computed exactly is dots_<isa>-inl.h's business. Included by targets/*.cc inside
// the ISA namespace.
//
// Of a block of 32 k the codes of 16 are unpacked at a time: 8 registers, that every column uses from there.

// Unsigned codes of 16 k: w[j][h], byte t of lane r = k 16 Piece + 4j + t of row 8h + r.
template <int Bits, int Piece>
inline __attribute__((always_inline)) void load_codes(const std::uint8_t* p, __m256i (*w)[2]) {
  const auto read = [](const std::uint8_t* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); };
  for (int h = 0; h < 2; ++h) {
    if constexpr (Bits == 8) {
      for (int j = 0; j < 4; ++j) w[j][h] = read(p + (4 * Piece + j) * 64 + h * 32);
    } else {
      const __m256i nibble = _mm256_set1_epi8(15);
      for (int j = 0; j < 4; ++j) {
        const __m256i v = read(p + j * 64 + h * 32);
        w[j][h] = _mm256_and_si256(Piece == 0 ? v : _mm256_srli_epi16(v, 4), nibble);
      }
      if constexpr (Bits == 6) {
        const __m256i high = _mm256_set1_epi8(0x30);
        const __m256i v = read(p + 256 + Piece * 64 + h * 32);
        const __m256i shifted[4] = {_mm256_slli_epi16(v, 4), _mm256_slli_epi16(v, 2), v, _mm256_srli_epi16(v, 2)};
        for (int j = 0; j < 4; ++j) w[j][h] = _mm256_or_si256(w[j][h], _mm256_and_si256(shifted[j], high));
      }
    }
  }
}

// What the end of a part (a block of weights) needs for its 16 rows.
struct PartScales {
  F d, minus_magic_d, minus_min;
};

template <PackedFormat Format>
inline __attribute__((always_inline)) F scaled_dot(__m256i lo, __m256i hi, const PartScales& part) {
  const I dot{lo, hi};
  if constexpr (Format == PackedFormat::kS8x32F) {  // an f32 scale may be too large for the magic product
    return mul(to_float(sub_i(dot, set1_i(kMagicBits))), part.d);
  } else {
    return fma(bits_to_float(dot), part.d, part.minus_magic_d);
  }
}

// 16 k of a half, for C columns. dots[c] is what the first piece leaves to the second.
template <PackedFormat Format, int C, int Piece>
inline __attribute__((always_inline)) void multiply_piece(const Chunk<Format>& chunk, int half, const std::int32_t* x,
                                                          __m256i (*dots)[2], F* acc) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  constexpr int kParts = 32 / kTraits.block;
  constexpr int kPart = kParts == 2 ? Piece : 0;
  constexpr bool kFirst = kParts == 2 || Piece == 0, kLast = kParts == 2 || Piece == 1;
  constexpr int kAtOnce = C < kDotColumns ? C : kDotColumns;
  using Dot = Dots<kTraits.code_bits>;
  const std::int32_t* starts = x + (8 + kPart) * C;
  const auto* scales = reinterpret_cast<const float*>(x + (8 + kParts) * C);
  const float* sums = scales + (1 + kPart) * C;

  __m256i w[4][2];
  load_codes<kTraits.code_bits, Piece>(chunk.codes(half), w);
  PartScales part;
  if constexpr (kLast) {
    part.d = chunk.scale(half, kPart);
    part.minus_magic_d = mul(part.d, set1(-kMagic));
    if constexpr (kTraits.has_min) part.minus_min = chunk.minus_min(half, kPart);
  }
  for (int c0 = 0; c0 < C; c0 += kAtOnce) {
    const auto first = [&](int u, int h) {
      if constexpr (!kFirst) {
        return dots[c0 + u][h];
      } else if constexpr (Dot::kSignedCodes) {
        return _mm256_set1_epi32(kMagicBits);
      } else {
        return _mm256_set1_epi32(starts[c0 + u]);
      }
    };
    Dot dot[kAtOnce][2];
    for (int u = 0; u < kAtOnce; ++u) {
      for (int h = 0; h < 2; ++h) dot[u][h].sum = first(u, h);
    }
    for (int j = 0; j < 4; ++j) {
      for (int u = 0; u < kAtOnce; ++u) {
        const __m256i q = _mm256_set1_epi32(x[(4 * Piece + j) * C + c0 + u]);
        for (int h = 0; h < 2; ++h) dot[u][h].add(j, w[j][h], q);
      }
    }
    for (int u = 0; u < kAtOnce; ++u) {
      const int c = c0 + u;
      if constexpr (kLast) {
        acc[c] = fma(scaled_dot<Format>(dot[u][0].sum, dot[u][1].sum, part), set1(scales[c]), acc[c]);
        if constexpr (kTraits.has_min) acc[c] = fma(part.minus_min, set1(sums[c]), acc[c]);
      } else {
        for (int h = 0; h < 2; ++h) dots[c][h] = dot[u][h].sum;
      }
    }
  }
}

template <PackedFormat Format, int C>
inline void multiply_tile_groups(const PackedView& view, std::int64_t first_group, std::int64_t end_group,
                                 const std::int32_t* x, std::int64_t n_columns, float* y, std::int64_t y_stride) {
  using Group = Chunk<Format>;
  constexpr int kWords = 8 + Group::kParts + 1 + (Group::kTraits.has_min ? Group::kParts : 0);
  for (std::int64_t g = first_group; g < end_group; ++g) {
    F acc[C];
    __m256i dots[C][2];
    for (int c = 0; c < C; ++c) acc[c] = zero();
    const std::int32_t* block = x;
    for_each_half<Format>(view, g, 0, view.cols_padded / Group::kCols, [&](const Group& chunk, int half) {
      if constexpr (CARAT_PREFETCH_BYTES > 0) {
        const char* ahead = reinterpret_cast<const char*>(chunk.codes(half)) + CARAT_PREFETCH_BYTES;
        for (int line = 0; line < Group::kHalfBytes; line += 64) _mm_prefetch(ahead + line, _MM_HINT_T0);
      }
      multiply_piece<Format, C, 0>(chunk, half, block, dots, acc);
      multiply_piece<Format, C, 1>(chunk, half, block, dots, acc);
      block += kWords * C;
    });
    for (int c = 0; c < C && c < n_columns; ++c) store_group(view, g, acc[c], y + c * y_stride);
  }
}
