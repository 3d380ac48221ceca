#pragma once

#include <cstdint>

namespace carat::ref {

/// Rotary embedding: in every head, for j < n_pairs, the point (x_j, x_{j + head_dim/2}) turns by its angle:
///
///     (a, b) -> (a cos_j - b sin_j, b cos_j + a sin_j),     angle_j = position * base^(-2 j / head_dim)
///
/// x         [n_heads, head_dim] of one position, in place; elements of no pair keep their bits
/// cos, sin  [n_pairs] of that position (kernels/rope.h makes them in double)
///
/// Two turned vectors meet in a dot product that depends on the difference of their positions only: that is how
/// attention sees distance. n_pairs < head_dim / 2 on full layers (proportional rotary: 64 of 256).
/// Source: spec/text-model.md 3.3. Half-split (NeoX) pairs, not neighbours.
void rope(float* x, std::int64_t n_heads, std::int64_t head_dim, const float* cos, const float* sin,
          std::int64_t n_pairs);

}  // namespace carat::ref
