#pragma once

#include <cstdint>

namespace carat::ref {

/// gelu_tanh(u) = u / 2 (1 + tanh(sqrt(2 / pi) (u + 0.044715 u^3)))
///
/// The tanh form (`gelu_pytorch_tanh`), not the one with erf. Source: spec/text-model.md 4.1.
double gelu_tanh(double u);

/// y_i = gelu_tanh(gate_i) up_i: the middle of every Gemma MLP ("GeGLU").
/// gate, up, y  [n]; y may be gate or up
void gelu_mul(const float* gate, const float* up, std::int64_t n, float* y);

}  // namespace carat::ref
