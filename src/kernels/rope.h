#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/exec.h"
#include "tensor/view.h"

namespace carat::kernels {

/// Frequencies of rotary embedding: f_j = base^(-2 j / head_dim) / position_divisor for j < n_pairs, in double with our
/// own pow, so that the angle of position 262,143 is right to 1e-10. Source: spec/text-model.md 3.3.
std::vector<double> rope_frequencies(double base, double position_divisor, std::int64_t head_dim, std::int64_t n_pairs);

/// cos_t[j], sin_t[j] of positions[t] * frequencies[j], computed in double, rounded once to f32.
/// cos, sin  [tokens, n_pairs]
void rope_angles(std::span<const std::int64_t> positions, std::span<const double> frequencies, MatView<float> cos,
                 MatView<float> sin, Exec& exec);

/// In every head of every row, for j < n_pairs:
///   (a, b) = (x[j], x[j + head_dim / 2])  ->  (a cos_j - b sin_j, b cos_j + a sin_j)
/// All other elements keep their bits.
///
/// x         [tokens, n_heads * head_dim]  f32, in place; rows may be strided
/// cos, sin  [tokens, n_pairs]
/// Error: <= 1.5 ulp of |a| + |b| beyond that of the angles. Half-split (NeoX) pairing.
void apply_rope(MatView<float> x, std::int64_t head_dim, MatView<const float> cos, MatView<const float> sin,
                Exec& exec);

}  // namespace carat::kernels
