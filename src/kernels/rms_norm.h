#pragma once

#include <span>

#include "kernels/exec.h"
#include "tensor/view.h"

namespace carat::kernels {

/// y[t, :] = x[t, :] / sqrt(mean(x[t, :]^2) + eps) * weight
///
/// x       [tokens, n]  f32; rows may be strided
/// weight  [n]          f32; empty = no weight (V, router)
/// eps     1e-6 in every Gemma size, inside the root
/// y       [tokens, n]  f32; may be x itself
///
/// Four accumulators of 16 lanes, fixed order (docs/arithmetic.md 2): independent of batch and threads.
/// Error:  <= 4 ulp (f32) of the largest output against ref; pinned in rms_norm_test.cc.
/// Source: transformers modeling_gemma4, Gemma4RMSNorm. Gemma 4 multiplies by w, not by 1 + w.
void rms_norm(MatView<const float> x, std::span<const float> weight, float eps, MatView<float> y, Exec& exec);

/// The same for every head of every row: x [tokens, n_heads * head_dim], each head_dim normed by itself.
void rms_norm_heads(MatView<const float> x, std::int64_t head_dim, std::span<const float> weight, float eps,
                    MatView<float> y, Exec& exec);

}  // namespace carat::kernels
