#pragma once

#include <cmath>

#include "quant/blocks.h"
#include "quant/sub_scales-inl.h"

/// unpack_block: one block to codes and scales (CodeFormat in codes.h), one overload for each type.
namespace carat::quant {

/// Where a block's parts go; pointers that the type's format does not use are null.
struct BlockOut {
  std::uint8_t* codes;
  std::uint16_t* d;
  float* d32;
  std::int8_t* sub_d;
  std::uint16_t* m;
  std::uint8_t* sub_m;
};

/// Low nibbles of 16 bytes, then their high nibbles.
inline void unpack_nibbles(const std::uint8_t* qs, std::uint8_t* codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = qs[i] & 15;
    codes[i + 16] = qs[i] >> 4;
  }
}

inline void add_fifth_bit(std::uint32_t high, std::uint8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] |= static_cast<std::uint8_t>((high >> i & 1) << 4);
}

/// Table values as codes with zero point 128.
inline void look_up(const std::array<std::int8_t, 16>& values, std::uint8_t* codes, int n) {
  for (int i = 0; i < n; ++i) codes[i] = static_cast<std::uint8_t>(values[codes[i]] + 128);
}

/// Q4_1 and Q5_1 add their minimum, the format subtracts it: flip the sign.
inline std::uint16_t negated(const Half& h) { return h.get() ^ 0x8000u; }

inline void unpack_block(const BlockQ4_0& b, const BlockOut& out) {
  *out.d = b.d.get();
  unpack_nibbles(b.qs.data(), out.codes);
}

inline void unpack_block(const BlockQ4_1& b, const BlockOut& out) {
  *out.d = b.d.get();
  *out.m = negated(b.m);
  unpack_nibbles(b.qs.data(), out.codes);
}

inline void unpack_block(const BlockQ5_0& b, const BlockOut& out) {
  *out.d = b.d.get();
  unpack_nibbles(b.qs.data(), out.codes);
  add_fifth_bit(b.qh.get(), out.codes);
}

inline void unpack_block(const BlockQ5_1& b, const BlockOut& out) {
  *out.d = b.d.get();
  *out.m = negated(b.m);
  unpack_nibbles(b.qs.data(), out.codes);
  add_fifth_bit(b.qh.get(), out.codes);
}

inline void unpack_block(const BlockQ8_0& b, const BlockOut& out) {
  *out.d = b.d.get();
  for (int i = 0; i < 32; ++i) out.codes[i] = static_cast<std::uint8_t>(b.qs[i] + 128);
}

inline void unpack_block(const BlockIQ4_NL& b, const BlockOut& out) {
  *out.d = b.d.get();
  unpack_nibbles(b.qs.data(), out.codes);
  look_up(kIQ4Values, out.codes, 32);
}

inline void unpack_block(const BlockMXFP4& b, const BlockOut& out) {
  *out.d32 = std::ldexp(1.0F, b.e - 128);
  unpack_nibbles(b.qs.data(), out.codes);
  look_up(kMXFP4Values, out.codes, 32);
}

inline void unpack_block(const BlockQ2_K& b, const BlockOut& out) {
  *out.d = b.d.get();
  *out.m = b.dmin.get();
  for (int k = 0; k < 16; ++k) {
    out.sub_d[k] = static_cast<std::int8_t>(b.scales[k] & 15);
    out.sub_m[k] = b.scales[k] >> 4;
  }
  for (int g = 0; g < 8; ++g) {  // group g = 4 half + j of 32 elements
    const int half = g / 4, j = g % 4;
    for (int l = 0; l < 32; ++l) out.codes[32 * g + l] = b.qs[32 * half + l] >> (2 * j) & 3;
  }
}

inline void unpack_block(const BlockQ3_K& b, const BlockOut& out) {
  *out.d = b.d.get();
  for (int k = 0; k < 16; ++k) out.sub_d[k] = static_cast<std::int8_t>(q3_k_scale(b.scales, k));
  for (int g = 0; g < 8; ++g) {
    const int half = g / 4, j = g % 4;
    for (int l = 0; l < 32; ++l) {
      const int low = b.qs[32 * half + l] >> (2 * j) & 3;
      const int high = b.hmask[l] >> g & 1;  // clear means minus 4, which is the zero point
      out.codes[32 * g + l] = static_cast<std::uint8_t>(low | high << 2);
    }
  }
}

inline void unpack_q4_k_scales(const Bytes<12>& scales, const BlockOut& out) {
  for (int g = 0; g < 8; ++g) {
    out.sub_d[g] = static_cast<std::int8_t>(q4_k_scale(scales, g));
    out.sub_m[g] = static_cast<std::uint8_t>(q4_k_min(scales, g));
  }
}

inline void unpack_block(const BlockQ4_K& b, const BlockOut& out) {
  *out.d = b.d.get();
  *out.m = b.dmin.get();
  unpack_q4_k_scales(b.scales, out);
  for (int g = 0; g < 8; ++g) {
    const std::uint8_t* qs = b.qs.data() + g / 2 * 32;
    const int shift = g % 2 * 4;
    for (int l = 0; l < 32; ++l) out.codes[32 * g + l] = qs[l] >> shift & 15;
  }
}

inline void unpack_block(const BlockQ5_K& b, const BlockOut& out) {
  *out.d = b.d.get();
  *out.m = b.dmin.get();
  unpack_q4_k_scales(b.scales, out);
  for (int g = 0; g < 8; ++g) {
    const std::uint8_t* qs = b.qs.data() + g / 2 * 32;
    const int shift = g % 2 * 4;
    for (int l = 0; l < 32; ++l) {
      const int low = qs[l] >> shift & 15;
      out.codes[32 * g + l] = static_cast<std::uint8_t>(low | (b.qh[l] >> g & 1) << 4);
    }
  }
}

inline void unpack_block(const BlockQ6_K& b, const BlockOut& out) {
  *out.d = b.d.get();
  for (int k = 0; k < 16; ++k) out.sub_d[k] = b.scales[k];
  for (int g = 0; g < 8; ++g) {
    const int half = g / 4, j = g % 4;
    const std::uint8_t* ql = b.ql.data() + 64 * half + 32 * (j & 1);
    const int shift = j < 2 ? 0 : 4;
    for (int l = 0; l < 32; ++l) {
      const int high = b.qh[32 * half + l] >> (2 * j) & 3;
      out.codes[32 * g + l] = static_cast<std::uint8_t>((ql[l] >> shift & 15) | high << 4);
    }
  }
}

inline void unpack_block(const BlockIQ4_XS& b, const BlockOut& out) {
  *out.d = b.d.get();
  for (int k = 0; k < 8; ++k) {
    out.sub_d[k] = static_cast<std::int8_t>(iq4_xs_scale(b.scales_l, b.scales_h, k));
    unpack_nibbles(b.qs.data() + 16 * k, out.codes + 32 * k);
  }
  look_up(kIQ4Values, out.codes, 256);
}

}  // namespace carat::quant
