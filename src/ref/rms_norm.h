#pragma once

#include <cstdint>

namespace carat::ref {

/// y_i = x_i / sqrt(mean(x^2) + eps) * w_i
///
/// x, y    [n]  y may be x
/// weight  [n]  null = no weight (V's norm, the router's)
/// eps     inside the root: a row of zeros stays zero
///
/// Source: spec/text-model.md 3.1. Gemma 4 multiplies by w; Gemma 3's files mean 1 + w, which the loader adds.
void rms_norm(const float* x, const float* weight, std::int64_t n, float eps, float* y);

}  // namespace carat::ref
