#pragma once

#include <cstdint>

#include "kernels/matmul/activations.h"
#include "kernels/packed/packed_view.h"

namespace carat::ref {

/// d[b] = max |x| / 127 over each block of 32, q = nearest even (x / d) within +-127, in double; d = 0 or not finite
/// gives q = 0. Values beyond n are zero.
void quantize(const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d, std::int32_t* sums);

/// y[t, r] = sum_k W[r, k] (q[t, k] d[t, k / 32]) in double, W as decode_packed_row gives it: what `fast` means.
void matmul_i8(const kernels::PackedView& w, std::int64_t first_group, std::int64_t end_group, const kernels::Panel& x,
               float* y, std::int64_t y_stride);

}  // namespace carat::ref
