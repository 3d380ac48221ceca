#pragma once

// Bytes of one group of 16 rows. Lane r of every register is row r. All offsets are multiples of 64 but for the f16
// heads.
//
//   codes of 32 consecutive k ("half"), per row one byte t of a 32-bit lane:
//     4 bit   4 registers j: low nibble of byte t = k 4j + t, high nibble = k 16 + 4j + t                    256 B
//     6 bit   the same for the low 4 bits, then 2 registers h: bits 2i, 2i + 1 of byte t = the high bits of
//             k 16h + 4i + t                                                                                  384 B
//     8 bit   8 registers j: byte t = k 4j + t                                                                512 B
//   codes are unsigned; signed kinds store value + 8, + 32 or + 128.
//
//   F16-scaled formats, per 64 k:  2 halves | 2 x 16 f16 scales | (U) 2 x 16 f16 minima
//   kS8x32F,            per 64 k:  2 halves | 2 x 16 f32 scales
//   K formats:  head: per 256 k 16 f16 d | (U) 16 f16 dmin, padded to 64
//               per 256 k: per block 16 x int8 factor | (U) per block 16 x uint8 minimum factor | 8 halves
//   kF32   per k 16 x f32     kF16   per k 16 x f16     kBF16  per 2 k 16 x (even k, odd k)
//
// Do not change: packed files are keyed by kPackedLayoutVersion.

#include <cstdint>

#include "kernels/packed/packed_view.h"

namespace carat::kernels {

inline constexpr int kPackedLayoutVersion = 1;

/// The pieces a format is made of.
struct PackedTraits {
  int code_bits;  ///< 4, 6, 8; 0 = float weights
  int block;      ///< 16 or 32
  bool has_min;
  bool super;       ///< K formats
  int scale_bytes;  ///< per block and row, in line: 2 (f16), 4 (f32), 0 (super, float weights)
  int float_bytes;  ///< float weights: bytes of an element
};

constexpr PackedTraits packed_traits(PackedFormat f) {
  switch (f) {
    case PackedFormat::kF32:
      return {0, 32, false, false, 0, 4};
    case PackedFormat::kF16:
      return {0, 32, false, false, 0, 2};
    case PackedFormat::kBF16:
      return {0, 32, false, false, 0, 2};
    case PackedFormat::kS4x32:
      return {4, 32, false, false, 2, 0};
    case PackedFormat::kU4x32:
      return {4, 32, true, false, 2, 0};
    case PackedFormat::kS6x32:
      return {6, 32, false, false, 2, 0};
    case PackedFormat::kU6x32:
      return {6, 32, true, false, 2, 0};
    case PackedFormat::kS8x32:
      return {8, 32, false, false, 2, 0};
    case PackedFormat::kS8x32F:
      return {8, 32, false, false, 4, 0};
    case PackedFormat::kU4x32K:
      return {4, 32, true, true, 0, 0};
    case PackedFormat::kU6x32K:
      return {6, 32, true, true, 0, 0};
    case PackedFormat::kS8x32K:
      return {8, 32, false, true, 0, 0};
    case PackedFormat::kS6x16K:
      return {6, 16, false, true, 0, 0};
    case PackedFormat::kS4x16K:
      return {4, 16, false, true, 0, 0};
    case PackedFormat::kU4x16K:
      return {4, 16, true, true, 0, 0};
  }
  return {};
}

constexpr std::int64_t half_bytes(int code_bits) { return code_bits * 64; }

constexpr std::int64_t packed_cols(PackedFormat f, std::int64_t cols) {
  const std::int64_t unit = packed_traits(f).super ? 256 : 64;
  return (cols + unit - 1) / unit * unit;
}

/// Bytes of the head of a group (K formats), 0 otherwise.
constexpr std::int64_t packed_head_bytes(PackedFormat f, std::int64_t cols_padded) {
  const PackedTraits t = packed_traits(f);
  if (!t.super) return 0;
  const std::int64_t bytes = cols_padded / 256 * (t.has_min ? 64 : 32);
  return (bytes + 63) / 64 * 64;
}

/// Bytes of 64 k (256 k for K formats) of a group, the head not counted.
constexpr std::int64_t packed_chunk_bytes(PackedFormat f) {
  const PackedTraits t = packed_traits(f);
  if (t.float_bytes > 0) return std::int64_t{64} * 16 * t.float_bytes;
  const std::int64_t n_blocks = (t.super ? 256 : 64) / t.block;
  const std::int64_t scales = n_blocks * 16 * (t.super ? 1 : t.scale_bytes) * (t.has_min ? 2 : 1);
  return scales + (t.super ? 8 : 2) * half_bytes(t.code_bits);
}

constexpr std::int64_t packed_group_bytes(PackedFormat f, std::int64_t cols_padded) {
  return packed_head_bytes(f, cols_padded) + cols_padded / (packed_traits(f).super ? 256 : 64) * packed_chunk_bytes(f);
}

static_assert(packed_group_bytes(PackedFormat::kS4x32, 64) == 16 * 2 * 18, "Q4_0 keeps its file size");
static_assert(packed_group_bytes(PackedFormat::kS8x32, 64) == 16 * 2 * 34, "Q8_0 keeps its file size");
static_assert(packed_group_bytes(PackedFormat::kS6x16K, 512) == 16 * 2 * 210, "Q6_K keeps its file size");

}  // namespace carat::kernels
