#pragma once

#include <array>
#include <cstdint>

#include "tensor/half.h"

/// The block formats of GGUF files, byte for byte (docs/formats/blocks.md). Every struct is made of bytes, so it may
/// lie at any address of a mapped file. Do not change: on disk.
///
/// Glossary: a *block* shares one f16 scale `d` (some types also an f16 minimum); the K types and IQ4_XS are blocks of
/// 256
/// ("super-blocks") with a small integer *sub-scale* for every 16 or 32 elements.
namespace carat::quant {

/// Little-endian u16 at any alignment.
struct LeU16 {
  std::array<std::uint8_t, 2> bytes;
  std::uint16_t get() const { return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8); }
};

/// Little-endian u32 at any alignment.
struct LeU32 {
  std::array<std::uint8_t, 4> bytes;
  std::uint32_t get() const {
    return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
           static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
  }
};

/// IEEE binary16.
struct Half : LeU16 {
  float f32() const { return f16_to_f32(get()); }
  bool finite() const { return (get() & 0x7C00u) != 0x7C00u; }
};

template <std::size_t n>
using Bytes = std::array<std::uint8_t, n>;

// ---- blocks of 32; nibble areas: low nibbles are elements 0..15, high nibbles 16..31 ----

struct BlockQ4_0 {
  static constexpr int kElements = 32;
  Half d;
  Bytes<16> qs;
};
struct BlockQ4_1 {
  static constexpr int kElements = 32;
  Half d;
  Half m;  ///< added: y = d q + m
  Bytes<16> qs;
};
struct BlockQ5_0 {
  static constexpr int kElements = 32;
  Half d;
  LeU32 qh;  ///< bit i: the fifth bit of element i
  Bytes<16> qs;
};
struct BlockQ5_1 {
  static constexpr int kElements = 32;
  Half d;
  Half m;
  LeU32 qh;
  Bytes<16> qs;
};
struct BlockQ8_0 {
  static constexpr int kElements = 32;
  Half d;
  std::array<std::int8_t, 32> qs;
};
struct BlockIQ4_NL {
  static constexpr int kElements = 32;
  Half d;
  Bytes<16> qs;  ///< indices into kIQ4Values
};
struct BlockMXFP4 {
  static constexpr int kElements = 32;
  std::uint8_t e;  ///< E8M0: the scale is 2^(e - 127)
  Bytes<16> qs;    ///< E2M1 numbers
};

// ---- blocks of 256 ----

struct BlockQ2_K {
  static constexpr int kElements = 256;
  Bytes<16> scales;  ///< per 16 elements: low nibble scale, high nibble minimum
  Bytes<64> qs;
  Half d;
  Half dmin;
};
struct BlockQ3_K {
  static constexpr int kElements = 256;
  Bytes<32> hmask;
  Bytes<64> qs;
  Bytes<12> scales;  ///< 16 times 6 bits, offset 32
  Half d;
};
struct BlockQ4_K {
  static constexpr int kElements = 256;
  Half d;
  Half dmin;
  Bytes<12> scales;  ///< 8 scales and 8 minima of 6 bits
  Bytes<128> qs;
};
struct BlockQ5_K {
  static constexpr int kElements = 256;
  Half d;
  Half dmin;
  Bytes<12> scales;  ///< as in Q4_K
  Bytes<32> qh;
  Bytes<128> qs;
};
struct BlockQ6_K {
  static constexpr int kElements = 256;
  Bytes<128> ql;
  Bytes<64> qh;
  std::array<std::int8_t, 16> scales;
  Half d;
};
struct BlockIQ4_XS {
  static constexpr int kElements = 256;
  Half d;
  LeU16 scales_h;     ///< two high bits of each of the 8 sub-scales
  Bytes<4> scales_l;  ///< four low bits
  Bytes<128> qs;      ///< indices into kIQ4Values
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockIQ4_NL) == 18);
static_assert(sizeof(BlockMXFP4) == 17 && sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110);
static_assert(sizeof(BlockQ4_K) == 144 && sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);
static_assert(sizeof(BlockIQ4_XS) == 136 && alignof(BlockQ5_0) == 1 && alignof(BlockIQ4_XS) == 1);

/// The 16 values of the IQ4 types.
inline constexpr std::array<std::int8_t, 16> kIQ4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                           1,    13,   25,  38,  53,  69,  89,  113};

/// The 16 values of E2M1, doubled so that they are integers; MXFP4's scale is halved in return: 2^(e - 128).
inline constexpr std::array<std::int8_t, 16> kMXFP4Values = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace carat::quant
