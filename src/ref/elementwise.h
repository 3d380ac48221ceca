#pragma once

#include <cstdint>

namespace carat::ref {

// Element by element; x, a, b, y [n]; y may be any operand. A sum or a product of two f32 fits a double with room to
// spare, so these round once.

/// y = a + b: the residual stream.
void add(const float* a, const float* b, std::int64_t n, float* y);

/// y = a b
void multiply(const float* a, const float* b, std::int64_t n, float* y);

/// y = x factor: the embedding scale, a layer's scalar.
void scale(const float* x, float factor, std::int64_t n, float* y);

/// y = y + x factor: an expert's output, weighted, into the sum of experts.
void scaled_add(const float* x, float factor, std::int64_t n, float* y);

}  // namespace carat::ref
