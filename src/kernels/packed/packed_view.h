#pragma once

#include <cstdint>

namespace carat::kernels {

/// How a matrix is stored for the kernels: the arithmetic kind (docs/arithmetic.md 3) and the width of its codes.
/// S = signed codes with a scale; U = unsigned codes with scale and minimum; 32 or 16 = elements that share them;
/// K = the scale is d (f16 per 256) times an 8-bit factor per block, as in GGUF's K-quants.
enum class PackedFormat : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kS4x32,   ///< Q4_0
  kU4x32,   ///< Q4_1
  kS6x32,   ///< Q5_0
  kU6x32,   ///< Q5_1
  kS8x32,   ///< Q8_0, IQ4_NL
  kS8x32F,  ///< MXFP4: scale in f32
  kU4x32K,  ///< Q4_K
  kU6x32K,  ///< Q5_K
  kS8x32K,  ///< IQ4_XS
  kS6x16K,  ///< Q6_K
  kS4x16K,  ///< Q3_K
  kU4x16K,  ///< Q2_K
};

/// Rows of a group: one lane each of a 16-lane vector.
inline constexpr std::int64_t kGroupRows = 16;

/// A weight matrix [rows, cols] in packed form, looked at. Groups of 16 rows follow one another, `group_bytes` apart;
/// packed/layout.h says what a group holds. Rows are padded to 16 and cols to cols_padded with zero weights.
struct PackedView {
  const std::uint8_t* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t cols_padded = 0;
  std::int64_t group_bytes = 0;
  std::int64_t head_bytes = 0;  ///< of a group: the K formats' scales
  PackedFormat format = PackedFormat::kF32;

  std::int64_t n_groups() const { return (rows + kGroupRows - 1) / kGroupRows; }
};

}  // namespace carat::kernels
