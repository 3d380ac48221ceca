#pragma once

#include "quant/blocks.h"

/// The packed integer sub-scales of the 256-element types, one function for each packing; store_ is the inverse, into
/// bytes that are zero where the sub-scale goes.
namespace carat::quant {

/// Q3_K: sub-scale k = 0..15, -32..31. Low four bits as nibbles of bytes 0..7, high two bits in bytes 8..11.
inline int q3_k_scale(const Bytes<12>& s, int k) {
  const int low = k < 8 ? s[k] & 15 : s[k - 8] >> 4;
  const int high = s[8 + k % 4] >> (2 * (k / 4)) & 3;
  return (low | high << 4) - 32;
}

inline void store_q3_k_scale(int scale, int k, Bytes<12>& s) {
  const int bits = scale + 32;
  s[k % 8] |= static_cast<std::uint8_t>((bits & 15) << (k < 8 ? 0 : 4));
  s[8 + k % 4] |= static_cast<std::uint8_t>((bits >> 4) << (2 * (k / 4)));
}

/// Q4_K, Q5_K: sub-scale g = 0..7, 0..63. The first four are the low six bits of bytes 0..3; the top two bits of those
/// bytes complete the low nibbles of bytes 8..11.
inline int q4_k_scale(const Bytes<12>& s, int g) { return g < 4 ? s[g] & 63 : (s[g + 4] & 15) | (s[g - 4] >> 6) << 4; }

/// Q4_K, Q5_K: sub-minimum g = 0..7, 0..63; as the scales, from bytes 4..7 and the high nibbles of bytes 8..11.
inline int q4_k_min(const Bytes<12>& s, int g) { return g < 4 ? s[g + 4] & 63 : (s[g + 4] >> 4) | (s[g] >> 6) << 4; }

inline void store_q4_k_scale(int scale, int min, int g, Bytes<12>& s) {
  if (g < 4) {
    s[g] |= static_cast<std::uint8_t>(scale);
    s[g + 4] |= static_cast<std::uint8_t>(min);
  } else {
    s[g + 4] |= static_cast<std::uint8_t>((scale & 15) | (min & 15) << 4);
    s[g - 4] |= static_cast<std::uint8_t>((scale >> 4) << 6);
    s[g] |= static_cast<std::uint8_t>((min >> 4) << 6);
  }
}

/// IQ4_XS: sub-scale k = 0..7, -32..31.
inline int iq4_xs_scale(const Bytes<4>& low, const LeU16& high, int k) {
  return ((low[k / 2] >> (4 * (k % 2)) & 15) | (high.get() >> (2 * k) & 3) << 4) - 32;
}

inline void store_iq4_xs_scale(int scale, int k, Bytes<4>& low, LeU16& high) {
  const int bits = scale + 32;
  low[k / 2] |= static_cast<std::uint8_t>((bits & 15) << (4 * (k % 2)));
  high.bytes[k / 4] |= static_cast<std::uint8_t>((bits >> 4) << (2 * (k % 4)));
}

}  // namespace carat::quant
