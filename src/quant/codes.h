#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/dtype.h"

namespace carat::quant {

/// How a block type reads as arithmetic: unsigned codes with a scale for every `block` elements, so that
///
///     value = scale * (code - zero_point) - min        in float32, the very bits of decode_row
///
/// Nothing is lost: scales stay the f16 (times a small integer) of the file, and d * sub is exact in f32
/// (11 significant bits times at most 7). The four kinds are {signed: zero_point, unsigned: min} x {block 16, 32};
/// the packer stores the codes `code_bits` wide, the type's own width or the next of 4, 6, 8.
struct CodeFormat {
  enum class Scale : std::uint8_t {
    kF16,    ///< one f16 for each block
    kF32,    ///< one f32 for each block (MXFP4: powers of two that f16 cannot hold)
    kSuper,  ///< one f16 for each 256 elements, times a sub-scale for each block
  };

  int block;       ///< elements that share a scale: 16 or 32
  int code_bits;   ///< 4, 6 or 8
  int zero_point;  ///< 0 with a minimum
  Scale scale;
  bool has_min;

  bool operator==(const CodeFormat&) const = default;
};

/// nullptr for F32, F16, BF16 (multiplied as they are) and for types that are no weights.
const CodeFormat* code_format(DType dtype);

/// One row, taken apart; vectors that the format does not use are empty.
struct RowCodes {
  std::vector<std::uint8_t> codes;  ///< [n]
  std::vector<std::uint16_t> d;     ///< f16 bits: [n / block] (kF16) or [n / 256] (kSuper)
  std::vector<float> d32;           ///< [n / block] (kF32)
  std::vector<std::int8_t> sub_d;   ///< [n / block] (kSuper)
  std::vector<std::uint16_t> m;     ///< f16 bits of the minimum (subtracted): [n / block] or [n / 256]
  std::vector<std::uint8_t> sub_m;  ///< [n / block] (kSuper with a minimum)
};

/// Takes the row of `n` elements at `src` apart. Reuses the vectors of `out`.
/// REQUIRES: code_format(dtype) != nullptr, n a multiple of the type's block.
void unpack_codes(DType dtype, const std::byte* src, std::int64_t n, RowCodes& out);

/// The scale and the minimum (0 without one) of block `block_idx` of a row, exact in f32.
float scale_of(const CodeFormat& format, const RowCodes& row, std::int64_t block_idx);
float min_of(const CodeFormat& format, const RowCodes& row, std::int64_t block_idx);

}  // namespace carat::quant
