// Packed weights as f32, 16 rows at a time. Included by targets/*.cc inside the ISA namespace.

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

// Asks for the codes of the block at k early: those of the stretch after this one, long before they are needed.
inline constexpr std::int64_t kPrefetchAhead = 4096;

template <PackedFormat Format>
inline void prefetch_codes(const GroupReader<Format>& reader, std::int64_t k) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  constexpr std::int64_t kBytes =
      kTraits.code_bits == 0 ? 32 * 16 * kTraits.float_bytes : half_bytes(kTraits.code_bits);
  const std::uint8_t* p = kTraits.code_bits == 0 ? reader.group + k * 16 * kTraits.float_bytes : reader.codes(k);
  for (std::int64_t line = 0; line < kBytes; line += 64) __builtin_prefetch(p + kPrefetchAhead + line);
}

// Calls use0(i, weights at k + i) and use1(i, weights at k + 16 + i) for i = 0 ... 15; k is a multiple of 32.
template <PackedFormat Format, typename Use0, typename Use1>
inline void for_each_weight(const GroupReader<Format>& reader, std::int64_t k, Use0 use0, Use1 use1) {
  if constexpr (packed_traits(Format).code_bits == 0) {
    for_each_float<Format>(reader.group, k, use0);
    for_each_float<Format>(reader.group, k + 16, use1);
  } else {
    for_each_code<Format, 0>(reader.codes(k), use0);
    for_each_code<Format, 1>(reader.codes(k), use1);
  }
}

// What is left of a format once its codes are f32: how the sums s0, s1 of a block's two pieces enter the accumulator.
enum class Fold { kFloat, kBlock32, kBlock32Min, kBlock16, kBlock16Min };

constexpr Fold fold_of(PackedFormat format) {
  const PackedTraits traits = packed_traits(format);
  if (traits.code_bits == 0) return Fold::kFloat;
  if (traits.block == 32) return traits.has_min ? Fold::kBlock32Min : Fold::kBlock32;
  return traits.has_min ? Fold::kBlock16Min : Fold::kBlock16;
}

struct Factors {
  F d[2], minus_m[2];  // of blocks of 32 only the first; float weights have none
};

template <PackedFormat Format>
inline void read_factors(const GroupReader<Format>& reader, std::int64_t k, Factors& factors) {
  constexpr Fold kFold = fold_of(Format);
  if constexpr (kFold != Fold::kFloat) factors.d[0] = reader.scale(k);
  if constexpr (kFold == Fold::kBlock16 || kFold == Fold::kBlock16Min) factors.d[1] = reader.scale(k + 16);
  if constexpr (kFold == Fold::kBlock32Min || kFold == Fold::kBlock16Min) factors.minus_m[0] = reader.minus_min(k);
  if constexpr (kFold == Fold::kBlock16Min) factors.minus_m[1] = reader.minus_min(k + 16);
}

// `sums`: of the block's two pieces of activations, read only with a minimum.
template <Fold Kind>
inline F add_block(F acc, F s0, F s1, const Factors& f, const float* sums) {
  if constexpr (Kind == Fold::kFloat) {
    return add(acc, add(s0, s1));
  } else if constexpr (Kind == Fold::kBlock32) {
    return fma(add(s0, s1), f.d[0], acc);
  } else if constexpr (Kind == Fold::kBlock32Min) {
    return fma(f.minus_m[0], set1(sums[0] + sums[1]), fma(add(s0, s1), f.d[0], acc));
  } else if constexpr (Kind == Fold::kBlock16) {
    return fma(s1, f.d[1], fma(s0, f.d[0], acc));
  } else {
    acc = fma(f.minus_m[0], set1(sums[0]), fma(s0, f.d[0], acc));
    return fma(f.minus_m[1], set1(sums[1]), fma(s1, f.d[1], acc));
  }
}
