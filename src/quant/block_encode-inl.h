#pragma once

#include <algorithm>
#include <cmath>

#include "quant/blocks.h"
#include "quant/sub_scales-inl.h"

/// encode_block: finite values to one block, one overload for each type. Plain and deterministic: the scale follows
/// from the largest value (or from the range, for types with a minimum), every code is the nearest to its value under
/// the scale as it is stored. No search for a better scale, no importance of weights.
namespace carat::quant {

inline constexpr float kMaxHalf = 65504.0F;

inline void store_u16(std::uint16_t value, LeU16& out) {
  out.bytes = {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8)};
}

inline void store_u32(std::uint32_t value, LeU32& out) {
  for (int i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

/// The nearest f16, the largest finite one for what lies beyond.
inline Half half_of(float value) {
  Half half;
  store_u16(f32_to_f16(std::clamp(value, -kMaxHalf, kMaxHalf)), half);
  return half;
}

/// The nearest integer to value / scale in [low, high]; a scale of 0 gives the one nearest to 0.
inline int nearest_code(float value, float scale, int low, int high) {
  const float quotient = scale == 0 ? 0.0F : value / scale;
  return static_cast<int>(std::nearbyint(std::clamp(quotient, static_cast<float>(low), static_cast<float>(high))));
}

/// The value with the largest magnitude, with its sign.
inline float extreme(const float* x, int n) {
  float best = 0;
  for (int i = 0; i < n; ++i) best = std::abs(x[i]) > std::abs(best) ? x[i] : best;
  return best;
}

/// A range that holds 0, so that a minimum can be subtracted.
struct Range {
  float low = 0;
  float high = 0;
};
inline Range range_with_zero(const float* x, int n) {
  Range range;
  for (int i = 0; i < n; ++i) range = {std::min(range.low, x[i]), std::max(range.high, x[i])};
  return range;
}

/// The index of the value of a table of 16 that is nearest to x / scale, the lower index among equals.
inline std::uint8_t nearest_index(float x, float scale, const std::array<std::int8_t, 16>& values) {
  const float wanted = scale == 0 ? 0.0F : x / scale;
  int best = 0;
  for (int i = 1; i < 16; ++i) {
    if (std::abs(wanted - static_cast<float>(values[i])) < std::abs(wanted - static_cast<float>(values[best])))
      best = i;
  }
  return static_cast<std::uint8_t>(best);
}

inline std::uint8_t nibbles(int low, int high) { return static_cast<std::uint8_t>(low | high << 4); }

/// Low nibbles are elements 0..15, high nibbles 16..31; a fifth bit of each code goes to `high`.
inline void store_codes_32(const int* codes, Bytes<16>& qs, std::uint32_t* high = nullptr) {
  for (int i = 0; i < 16; ++i) qs[i] = nibbles(codes[i] & 15, codes[i + 16] & 15);
  if (high == nullptr) return;
  *high = 0;
  for (int i = 0; i < 32; ++i) *high |= static_cast<std::uint32_t>(codes[i] >> 4 & 1) << i;
}

// ---- blocks of 32 ----

/// Signed codes: the largest magnitude becomes the code of the largest magnitude, -zero_point.
template <typename Block>
void encode_signed_32(const float* x, int zero_point, Block& b, int* codes) {
  b.d = half_of(extreme(x, 32) / static_cast<float>(-zero_point));
  const float d = b.d.f32();
  for (int i = 0; i < 32; ++i) codes[i] = nearest_code(x[i], d, -zero_point, zero_point - 1) + zero_point;
}

/// Codes with an added minimum, which may have either sign.
template <typename Block>
void encode_range_32(const float* x, int max_code, Block& b, int* codes) {
  const auto [low, high] = std::minmax_element(x, x + 32);
  b.d = half_of((*high - *low) / static_cast<float>(max_code));
  b.m = half_of(*low);
  const float d = b.d.f32(), m = b.m.f32();
  for (int i = 0; i < 32; ++i) codes[i] = nearest_code(x[i] - m, d, 0, max_code);
}

inline void encode_block(const float* x, BlockQ4_0& b) {
  int codes[32];
  encode_signed_32(x, 8, b, codes);
  store_codes_32(codes, b.qs);
}

inline void encode_block(const float* x, BlockQ5_0& b) {
  int codes[32];
  std::uint32_t high = 0;
  encode_signed_32(x, 16, b, codes);
  store_codes_32(codes, b.qs, &high);
  store_u32(high, b.qh);
}

inline void encode_block(const float* x, BlockQ4_1& b) {
  int codes[32];
  encode_range_32(x, 15, b, codes);
  store_codes_32(codes, b.qs);
}

inline void encode_block(const float* x, BlockQ5_1& b) {
  int codes[32];
  std::uint32_t high = 0;
  encode_range_32(x, 31, b, codes);
  store_codes_32(codes, b.qs, &high);
  store_u32(high, b.qh);
}

inline void encode_block(const float* x, BlockQ8_0& b) {
  b.d = half_of(std::abs(extreme(x, 32)) / 127);
  const float d = b.d.f32();
  for (int i = 0; i < 32; ++i) b.qs[i] = static_cast<std::int8_t>(nearest_code(x[i], d, -127, 127));
}

inline void encode_block(const float* x, BlockIQ4_NL& b) {
  b.d = half_of(extreme(x, 32) / kIQ4Values[0]);
  const float d = b.d.f32();
  for (int i = 0; i < 16; ++i) {
    b.qs[i] = nibbles(nearest_index(x[i], d, kIQ4Values), nearest_index(x[i + 16], d, kIQ4Values));
  }
}

/// The scale is the power of two that brings the largest magnitude into 4 ... 8, where E2M1 ends (at 6).
inline void encode_block(const float* x, BlockMXFP4& b) {
  const float largest = std::abs(extreme(x, 32));
  const int exponent = largest == 0 ? -127 : std::ilogb(largest) - 2;
  b.e = static_cast<std::uint8_t>(std::clamp(exponent + 127, 0, 252));
  const float d = std::ldexp(1.0F, b.e - 128);
  for (int i = 0; i < 16; ++i) {
    b.qs[i] = nibbles(nearest_index(x[i], d, kMXFP4Values), nearest_index(x[i + 16], d, kMXFP4Values));
  }
}

// ---- blocks of 256 ----

/// Scales and minima of the sub-blocks, as their integers.
template <int n_blocks>
struct SubScales {
  int scale[n_blocks];
  int min[n_blocks];
};

/// Unsigned codes: for each sub-block scale = (high - low) / max_code and minimum = -low, both integers up to max_sub
/// times the block's d and dmin.
template <int n_blocks, typename Block>
SubScales<n_blocks> encode_ranges(const float* x, int max_code, int max_sub, Block& b, int* codes) {
  constexpr int kSize = 256 / n_blocks;
  Range ranges[n_blocks];
  float max_scale = 0, max_min = 0;
  for (int k = 0; k < n_blocks; ++k) {
    ranges[k] = range_with_zero(x + k * kSize, kSize);
    max_scale = std::max(max_scale, (ranges[k].high - ranges[k].low) / static_cast<float>(max_code));
    max_min = std::max(max_min, -ranges[k].low);
  }
  b.d = half_of(max_scale / static_cast<float>(max_sub));
  b.dmin = half_of(max_min / static_cast<float>(max_sub));
  const float d = b.d.f32(), dmin = b.dmin.f32();
  SubScales<n_blocks> subs;
  for (int k = 0; k < n_blocks; ++k) {
    const float scale = (ranges[k].high - ranges[k].low) / static_cast<float>(max_code);
    subs.scale[k] = nearest_code(scale, d, 0, max_sub);
    subs.min[k] = nearest_code(-ranges[k].low, dmin, 0, max_sub);
    for (int i = k * kSize; i < (k + 1) * kSize; ++i) {
      codes[i] = nearest_code(x[i] + dmin * static_cast<float>(subs.min[k]), d * static_cast<float>(subs.scale[k]), 0,
                              max_code);
    }
  }
  return subs;
}

/// Signed codes: for each sub-block scale = extreme / -zero_point, a signed integer times the block's d, whose largest
/// magnitude is -sub_zero.
template <int n_blocks, typename Block>
SubScales<n_blocks> encode_signed(const float* x, int zero_point, int sub_zero, Block& b, int* codes) {
  constexpr int kSize = 256 / n_blocks;
  float scales[n_blocks];
  for (int k = 0; k < n_blocks; ++k) scales[k] = extreme(x + k * kSize, kSize) / static_cast<float>(-zero_point);
  b.d = half_of(extreme(scales, n_blocks) / static_cast<float>(-sub_zero));
  const float d = b.d.f32();
  SubScales<n_blocks> subs;
  for (int k = 0; k < n_blocks; ++k) {
    subs.scale[k] = nearest_code(scales[k], d, -sub_zero, sub_zero - 1);
    const float scale = d * static_cast<float>(subs.scale[k]);
    for (int i = k * kSize; i < (k + 1) * kSize; ++i) {
      codes[i] = nearest_code(x[i], scale, -zero_point, zero_point - 1) + zero_point;
    }
  }
  return subs;
}

/// Element 32 g + l of Q4_K and Q5_K: byte 32 (g / 2) + l, the low nibble of even g.
inline void store_nibbles_k(const int* codes, Bytes<128>& qs) {
  for (int pair = 0; pair < 4; ++pair) {
    const int* low = codes + 64 * pair;
    for (int l = 0; l < 32; ++l) qs[32 * pair + l] = nibbles(low[l] & 15, low[l + 32] & 15);
  }
}

/// The low two bits of Q2_K and Q3_K: element 16 k + l at byte 32 (k / 8) + 16 (k % 2) + l, bits 2 (k % 8 / 2).
inline void store_pairs_k(const int* codes, Bytes<64>& qs) {
  qs.fill(0);
  for (int k = 0; k < 16; ++k) {
    for (int l = 0; l < 16; ++l) {
      qs[k / 8 * 32 + k % 2 * 16 + l] |= static_cast<std::uint8_t>((codes[16 * k + l] & 3) << (k % 8 / 2 * 2));
    }
  }
}

inline void encode_block(const float* x, BlockQ2_K& b) {
  int codes[256];
  const auto subs = encode_ranges<16>(x, 3, 15, b, codes);
  for (int k = 0; k < 16; ++k) b.scales[k] = nibbles(subs.scale[k], subs.min[k]);
  store_pairs_k(codes, b.qs);
}

inline void encode_block(const float* x, BlockQ3_K& b) {
  int codes[256];
  const auto subs = encode_signed<16>(x, 4, 32, b, codes);
  b.scales.fill(0);
  b.hmask.fill(0);
  for (int k = 0; k < 16; ++k) {
    store_q3_k_scale(subs.scale[k], k, b.scales);
    for (int l = 0; l < 16; ++l) {
      b.hmask[k % 2 * 16 + l] |= static_cast<std::uint8_t>((codes[16 * k + l] >> 2) << (k / 2));
    }
  }
  store_pairs_k(codes, b.qs);
}

inline void encode_block(const float* x, BlockQ4_K& b) {
  int codes[256];
  const auto subs = encode_ranges<8>(x, 15, 63, b, codes);
  b.scales.fill(0);
  for (int g = 0; g < 8; ++g) store_q4_k_scale(subs.scale[g], subs.min[g], g, b.scales);
  store_nibbles_k(codes, b.qs);
}

inline void encode_block(const float* x, BlockQ5_K& b) {
  int codes[256];
  const auto subs = encode_ranges<8>(x, 31, 63, b, codes);
  b.scales.fill(0);
  b.qh.fill(0);
  for (int g = 0; g < 8; ++g) {
    store_q4_k_scale(subs.scale[g], subs.min[g], g, b.scales);
    for (int l = 0; l < 32; ++l) b.qh[l] |= static_cast<std::uint8_t>((codes[32 * g + l] >> 4) << g);
  }
  store_nibbles_k(codes, b.qs);
}

inline void encode_block(const float* x, BlockQ6_K& b) {
  int codes[256];
  const auto subs = encode_signed<16>(x, 32, 128, b, codes);
  b.ql.fill(0);
  b.qh.fill(0);
  for (int k = 0; k < 16; ++k) {
    b.scales[k] = static_cast<std::int8_t>(subs.scale[k]);
    const int j = k % 8 / 2;
    for (int l = 0; l < 16; ++l) {
      const int code = codes[16 * k + l];
      b.ql[k / 8 * 64 + (j & 1) * 32 + k % 2 * 16 + l] |= static_cast<std::uint8_t>((code & 15) << (j < 2 ? 0 : 4));
      b.qh[k / 8 * 32 + k % 2 * 16 + l] |= static_cast<std::uint8_t>((code >> 4) << (2 * j));
    }
  }
}

inline void encode_block(const float* x, BlockIQ4_XS& b) {
  float scales[8];
  for (int k = 0; k < 8; ++k) scales[k] = extreme(x + 32 * k, 32) / kIQ4Values[0];
  b.d = half_of(extreme(scales, 8) / -32);
  const float d = b.d.f32();
  b.scales_l.fill(0);
  b.scales_h.bytes.fill(0);
  for (int k = 0; k < 8; ++k) {
    const int sub = nearest_code(scales[k], d, -32, 31);
    store_iq4_xs_scale(sub, k, b.scales_l, b.scales_h);
    const float scale = d * static_cast<float>(sub);
    for (int i = 0; i < 16; ++i) {
      b.qs[16 * k + i] = nibbles(nearest_index(x[32 * k + i], scale, kIQ4Values),
                                 nearest_index(x[32 * k + 16 + i], scale, kIQ4Values));
    }
  }
}

}  // namespace carat::quant
