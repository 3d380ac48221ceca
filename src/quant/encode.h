#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace carat::quant {

/// Writes src[0 .. n) as one row of `dtype`: n / block_elements blocks at `dst`. Plain rounding, no search: block
/// scales follow from the largest value (or the range) of each block, codes are the nearest ones.
///
/// src  [n] f32, finite; what is too large for the type's f16 scales saturates
/// dst  n / block_elements * block_bytes bytes, any alignment
/// Error of a value: half a step of its block (block_encode-inl.h); pinned for every type in encode_test.cc.
/// REQUIRES: can_decode(dtype), n a multiple of the type's block.
void encode_row(DType dtype, const float* src, std::int64_t n, std::byte* dst);

}  // namespace carat::quant
