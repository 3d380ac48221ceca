// y = W x in f32 from packed weights, for every format: `exact` mode (docs/arithmetic.md 4). Included by targets/*.cc
// inside the ISA namespace. One output:
//
//   acc = 0;  for each block, ascending:  s = sum over the block of code * x;  acc = fma(s, d, acc);
//                                         with a minimum: acc = fma(-m, sum over the block of x, acc)
//   s: pieces of 16 k, each one fma chain from 0; a block of 32 adds its two pieces. Float weights: acc = acc + s.
//
// GEMV keeps a few columns in registers and unpacks on the way; many columns share one unpacked block of 32 k in L1.
// Both walk k alike, so every output has the same bits in any batch.

// Signed codes are stored with an offset of half their range; flipping the top bit of the code makes it a two's
// complement number, which two shifts then sign-extend: no subtraction, no cancellation.
template <int Bits>
inline I flip_top_bits(I q) {
  constexpr std::uint32_t kPattern = Bits == 4 ? 0x88888888u : Bits == 6 ? 0x20202020u : 0x80808080u;
  return xor_i(q, set1_i(static_cast<std::int32_t>(kPattern)));
}

// Code of `Bits` bits at bit position Pos of each lane, as f32.
template <int Bits, int Pos, bool Signed>
inline F code_at(I q) {
  if constexpr (Signed) {
    if constexpr (Pos + Bits == 32) {
      return to_float(shift_right_signed<32 - Bits>(q));
    } else {
      return to_float(shift_right_signed<32 - Bits>(shift_left<32 - Bits - Pos>(q)));
    }
  } else if constexpr (Pos == 0) {
    return to_float(and_i(q, set1_i((1 << Bits) - 1)));
  } else if constexpr (Pos + Bits == 32) {
    return to_float(shift_right<Pos>(q));
  } else {
    return to_float(and_i(shift_right<Pos>(q), set1_i((1 << Bits) - 1)));
  }
}

// Calls use(k, weights of 16 rows at k) for k = 16 Piece ... 16 Piece + 15 of the half at p.
template <PackedFormat Format, int Piece, typename Use>
inline void for_each_code(const std::uint8_t* p, Use use) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  constexpr bool kSigned = !kTraits.has_min;
  if constexpr (kTraits.code_bits == 4) {
    for (int j = 0; j < 4; ++j) {
      I q = load_i(p + j * 64);
      if constexpr (kSigned) q = flip_top_bits<4>(q);
      use(4 * j + 0, code_at<4, 0 + 4 * Piece, kSigned>(q));
      use(4 * j + 1, code_at<4, 8 + 4 * Piece, kSigned>(q));
      use(4 * j + 2, code_at<4, 16 + 4 * Piece, kSigned>(q));
      use(4 * j + 3, code_at<4, 24 + 4 * Piece, kSigned>(q));
    }
  } else if constexpr (kTraits.code_bits == 6) {
    I high = load_i(p + 256 + Piece * 64);
    for (int j = 0; j < 4; ++j) {
      const I low = and_i(Piece == 0 ? load_i(p + j * 64) : shift_right<4>(load_i(p + j * 64)), set1_i(0x0F0F0F0F));
      I q = or_i(low, shift_left<4>(and_i(high, set1_i(0x03030303))));
      high = shift_right<2>(high);
      if constexpr (kSigned) q = flip_top_bits<6>(q);
      use(4 * j + 0, code_at<6, 0, kSigned>(q));
      use(4 * j + 1, code_at<6, 8, kSigned>(q));
      use(4 * j + 2, code_at<6, 16, kSigned>(q));
      use(4 * j + 3, code_at<6, 24, kSigned>(q));
    }
  } else {
    for (int j = 0; j < 4; ++j) {
      I q = load_i(p + (Piece * 4 + j) * 64);
      if constexpr (kSigned) q = flip_top_bits<8>(q);
      use(4 * j + 0, code_at<8, 0, kSigned>(q));
      use(4 * j + 1, code_at<8, 8, kSigned>(q));
      use(4 * j + 2, code_at<8, 16, kSigned>(q));
      use(4 * j + 3, code_at<8, 24, kSigned>(q));
    }
  }
}

// The same for float weights; k counts from the start of the group.
template <PackedFormat Format, typename Use>
inline void for_each_float(const std::uint8_t* group, std::int64_t k, Use use) {
  for (int i = 0; i < 16; i += 2) {
    if constexpr (Format == PackedFormat::kF32) {
      use(i, load(reinterpret_cast<const float*>(group) + (k + i) * 16));
      use(i + 1, load(reinterpret_cast<const float*>(group) + (k + i + 1) * 16));
    } else if constexpr (Format == PackedFormat::kF16) {
      use(i, load_f16(reinterpret_cast<const std::uint16_t*>(group) + (k + i) * 16));
      use(i + 1, load_f16(reinterpret_cast<const std::uint16_t*>(group) + (k + i + 1) * 16));
    } else {
      const I pair = load_i(group + (k + i) * 32);
      use(i, bits_to_float(shift_left<16>(pair)));
      use(i + 1, bits_to_float(and_i(pair, set1_i(static_cast<std::int32_t>(0xFFFF0000u)))));
    }
  }
}

// One group, C columns in registers.
template <PackedFormat Format, int C>
inline void multiply_columns(const PackedView& w, std::int64_t index, const float* x, std::int64_t x_stride,
                             const float* x_sums, std::int64_t x_sums_stride, F* acc) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  const GroupReader<Format> reader(w, index);
  for (int c = 0; c < C; ++c) acc[c] = zero();
  for (std::int64_t k = 0; k < w.cols_padded; k += 32) {
    F s0[C], s1[C];
    for (int c = 0; c < C; ++c) s0[c] = s1[c] = zero();
    const auto use0 = [&](int i, F weight) {
      for (int c = 0; c < C; ++c) s0[c] = fma(weight, set1(x[c * x_stride + k + i]), s0[c]);
    };
    const auto use1 = [&](int i, F weight) {
      for (int c = 0; c < C; ++c) s1[c] = fma(weight, set1(x[c * x_stride + k + 16 + i]), s1[c]);
    };
    if constexpr (kTraits.code_bits == 0) {
      for_each_float<Format>(reader.group, k, use0);
      for_each_float<Format>(reader.group, k + 16, use1);
      for (int c = 0; c < C; ++c) acc[c] = add(acc[c], add(s0[c], s1[c]));
    } else {
      for_each_code<Format, 0>(reader.codes(k), use0);
      for_each_code<Format, 1>(reader.codes(k), use1);
      if constexpr (kTraits.block == 32) {
        const F d = reader.scale(k);
        for (int c = 0; c < C; ++c) acc[c] = fma(add(s0[c], s1[c]), d, acc[c]);
        if constexpr (kTraits.has_min) {
          const F m = reader.minus_min(k);
          for (int c = 0; c < C; ++c) {
            const float* sums = x_sums + c * x_sums_stride + k / 16;
            acc[c] = fma(m, set1(sums[0] + sums[1]), acc[c]);
          }
        }
      } else {
        const F d0 = reader.scale(k), d1 = reader.scale(k + 16);
        if constexpr (kTraits.has_min) {
          const F m0 = reader.minus_min(k), m1 = reader.minus_min(k + 16);
          for (int c = 0; c < C; ++c) {
            const float* sums = x_sums + c * x_sums_stride + k / 16;
            acc[c] = fma(m0, set1(sums[0]), fma(s0[c], d0, acc[c]));
            acc[c] = fma(m1, set1(sums[1]), fma(s1[c], d1, acc[c]));
          }
        } else {
          for (int c = 0; c < C; ++c) acc[c] = fma(s1[c], d1, fma(s0[c], d0, acc[c]));
        }
      }
    }
  }
}

// A half of 32 k unpacked for many columns.
struct UnpackedHalf {
  alignas(64) float weight[32][16];
  F d[2], m[2];
};

template <PackedFormat Format>
inline void unpack_half(const GroupReader<Format>& reader, std::int64_t k, UnpackedHalf& half) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  const auto use0 = [&](int i, F weight) { store(half.weight[i], weight); };
  const auto use1 = [&](int i, F weight) { store(half.weight[16 + i], weight); };
  if constexpr (kTraits.code_bits == 0) {
    for_each_float<Format>(reader.group, k, use0);
    for_each_float<Format>(reader.group, k + 16, use1);
  } else {
    for_each_code<Format, 0>(reader.codes(k), use0);
    for_each_code<Format, 1>(reader.codes(k), use1);
    half.d[0] = reader.scale(k);
    if constexpr (kTraits.block == 16) half.d[1] = reader.scale(k + 16);
    if constexpr (kTraits.has_min) {
      half.m[0] = reader.minus_min(k);
      if constexpr (kTraits.block == 16) half.m[1] = reader.minus_min(k + 16);
    }
  }
}

// acc[c] += half . x_c for C columns: 2 C chains of 16, enough to hide the latency of fma.
template <PackedFormat Format, int C>
inline void add_half(const UnpackedHalf& half, const float* x, std::int64_t x_stride, const float* x_sums,
                     std::int64_t x_sums_stride, float (*acc)[16]) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  F s0[C], s1[C];
  for (int c = 0; c < C; ++c) s0[c] = s1[c] = zero();
  for (int i = 0; i < 16; ++i) {
    const F w0 = load(half.weight[i]), w1 = load(half.weight[16 + i]);
    for (int c = 0; c < C; ++c) {
      s0[c] = fma(w0, set1(x[c * x_stride + i]), s0[c]);
      s1[c] = fma(w1, set1(x[c * x_stride + 16 + i]), s1[c]);
    }
  }
  for (int c = 0; c < C; ++c) {
    F a = load(acc[c]);
    if constexpr (kTraits.code_bits == 0) {
      a = add(a, add(s0[c], s1[c]));
    } else if constexpr (kTraits.block == 32) {
      a = fma(add(s0[c], s1[c]), half.d[0], a);
      if constexpr (kTraits.has_min) {
        const float* sums = x_sums + c * x_sums_stride;
        a = fma(half.m[0], set1(sums[0] + sums[1]), a);
      }
    } else if constexpr (kTraits.has_min) {
      const float* sums = x_sums + c * x_sums_stride;
      a = fma(half.m[0], set1(sums[0]), fma(s0[c], half.d[0], a));
      a = fma(half.m[1], set1(sums[1]), fma(s1[c], half.d[1], a));
    } else {
      a = fma(s1[c], half.d[1], fma(s0[c], half.d[0], a));
    }
    store(acc[c], a);
  }
}

inline constexpr std::int64_t kColumnsAtOnce = 64;  // their sums (4 KiB) and one unpacked half stay in L1

template <PackedFormat Format>
inline void multiply_many_columns(const PackedView& w, std::int64_t index, const float* x, std::int64_t x_stride,
                                  const float* x_sums, std::int64_t x_sums_stride, std::int64_t n, float* y,
                                  std::int64_t y_stride) {
  alignas(64) float acc[kColumnsAtOnce][16];
  UnpackedHalf half;
  const GroupReader<Format> reader(w, index);
  for (std::int64_t c = 0; c < n; ++c) store(acc[c], zero());
  for (std::int64_t k = 0; k < w.cols_padded; k += 32) {
    unpack_half<Format>(reader, k, half);
    const float* sums = x_sums == nullptr ? nullptr : x_sums + k / 16;
    std::int64_t c = 0;
    for (; c + CARAT_MATMUL_COLUMNS <= n; c += CARAT_MATMUL_COLUMNS) {
      add_half<Format, CARAT_MATMUL_COLUMNS>(half, x + c * x_stride + k, x_stride, sums + c * x_sums_stride,
                                             x_sums_stride, acc + c);
    }
    for (; c < n; ++c) {
      add_half<Format, 1>(half, x + c * x_stride + k, x_stride, sums + c * x_sums_stride, x_sums_stride, acc + c);
    }
  }
  for (std::int64_t c = 0; c < n; ++c) store_group(w, index, load(acc[c]), y + c * y_stride);
}

template <PackedFormat Format, int C>
inline void multiply_few_columns(const PackedView& w, std::int64_t index, const float* x, std::int64_t x_stride,
                                 const float* x_sums, std::int64_t x_sums_stride, float* y, std::int64_t y_stride) {
  F acc[C];
  multiply_columns<Format, C>(w, index, x, x_stride, x_sums, x_sums_stride, acc);
  for (int c = 0; c < C; ++c) store_group(w, index, acc[c], y + c * y_stride);
}

template <PackedFormat Format>
inline void matmul_format(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                          std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                          float* y, std::int64_t y_stride) {
  for (std::int64_t g = first_group; g < end_group; ++g) {
    for (std::int64_t t = 0; t < n_tokens;) {
      const float* xt = x + t * x_stride;
      const float* sums = x_sums + t * x_sums_stride;
      float* yt = y + t * y_stride;
      const std::int64_t left = n_tokens - t;
      if (left > 3) {
        const std::int64_t n = left < kColumnsAtOnce ? left : kColumnsAtOnce;
        multiply_many_columns<Format>(w, g, xt, x_stride, sums, x_sums_stride, n, yt, y_stride);
        t += n;
      } else if (left >= 2) {
        multiply_few_columns<Format, 2>(w, g, xt, x_stride, sums, x_sums_stride, yt, y_stride);
        t += 2;
      } else {
        multiply_few_columns<Format, 1>(w, g, xt, x_stride, sums, x_sums_stride, yt, y_stride);
        t += 1;
      }
    }
  }
}

inline void matmul(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                   std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                   float* y, std::int64_t y_stride) {
#define CARAT_CASE(format)                                                                                    \
  case PackedFormat::format:                                                                                  \
    return matmul_format<PackedFormat::format>(w, first_group, end_group, x, x_stride, x_sums, x_sums_stride, \
                                               n_tokens, y, y_stride)
  switch (w.format) {
    CARAT_CASE(kF32);
    CARAT_CASE(kF16);
    CARAT_CASE(kBF16);
    CARAT_CASE(kS4x32);
    CARAT_CASE(kU4x32);
    CARAT_CASE(kS6x32);
    CARAT_CASE(kU6x32);
    CARAT_CASE(kS8x32);
    CARAT_CASE(kS8x32F);
    CARAT_CASE(kU4x32K);
    CARAT_CASE(kU6x32K);
    CARAT_CASE(kS8x32K);
    CARAT_CASE(kS6x16K);
    CARAT_CASE(kS4x16K);
    CARAT_CASE(kU4x16K);
  }
#undef CARAT_CASE
}
