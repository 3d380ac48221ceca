#pragma once

#include "kernels/exec.h"
#include "tensor/view.h"

namespace carat::kernels {

// Element by element on [tokens, n] f32 views of equal shape; rows may be strided, y may be any operand itself. One
// rounding an operation unless said otherwise; bounds against ref pinned in elementwise_test.cc.

/// y = gelu_tanh(gate) * up,  gelu_tanh(u) = u / 2 (1 + tanh(sqrt(2 / pi) (u + 0.044715 u^3)))
/// Error: <= 1e-6 of the largest output. Source: GELU's tanh form (`gelu_pytorch_tanh`), GeGLU of every Gemma MLP.
void gelu_mul(MatView<const float> gate, MatView<const float> up, MatView<float> y, Exec& exec);

/// y = a + b
void add(MatView<const float> a, MatView<const float> b, MatView<float> y, Exec& exec);

/// y = a * b
void multiply(MatView<const float> a, MatView<const float> b, MatView<float> y, Exec& exec);

/// y = x * factor
void scale(MatView<const float> x, float factor, MatView<float> y, Exec& exec);

/// y = cap * tanh(x / cap). Error: <= 1e-6 * cap. Source: Gemma's final_logit_softcapping.
void softcap(MatView<const float> x, float cap, MatView<float> y, Exec& exec);

/// y[t, :] = exp(x[t, :] - max) / sum; f32, ascending vectors, then the lane tree (docs/arithmetic.md 2).
void softmax(MatView<const float> x, MatView<float> y, Exec& exec);

}  // namespace carat::kernels
