#pragma once

#include <cstdint>

#include "kernels/packed/packed_view.h"

namespace carat::ref {

/// y[t, r] = sum_k W[r, k] x[t, k]     for the rows r of the groups [first_group, end_group)
///
/// w  [rows, cols]    packed; W is what kernels::decode_packed_row says
/// x  [tokens, cols]  f32, rows x_stride apart
/// y  [tokens, rows]  f32, rows y_stride apart
///
/// Linear weights are [out, in], so a layer's output is W x. x_sums (sums of 16 activations) serves fast kernels that
/// add minima apart; here W is complete and they are not read.
void matmul(const kernels::PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
            std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens, float* y,
            std::int64_t y_stride);

}  // namespace carat::ref
