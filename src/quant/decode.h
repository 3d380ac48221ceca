#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace carat::quant {

/// True for the types that decode_row knows: exactly those whose dtype_info says is_weight.
bool can_decode(DType dtype);

/// dst[i] = element i of the row at `src`, i < n; all products in float32, bit for bit ggml's dequantisation.
///
/// src  n / block_elements blocks, any alignment
/// dst  [n] f32
/// Source: docs/formats/blocks.md.
/// REQUIRES: can_decode(dtype), n a multiple of the type's block.
void decode_row(DType dtype, const std::byte* src, std::int64_t n, float* dst);

/// False when a scale or minimum of the row is NaN or infinite, so that no value would make sense; for F32, F16 and
/// BF16 the elements themselves are looked at, for MXFP4 (all scales are finite) whether a value overflows f32.
/// REQUIRES: as decode_row.
bool finite_scales(DType dtype, const std::byte* src, std::int64_t n);

}  // namespace carat::quant
