#pragma once

#include <cstdint>
#include <span>

namespace carat::ref {

/// The experts of one token: the k largest probabilities in falling order, ties to the lower index, and their share
/// of the sum of the k: weight_i = p_i / sum_j p_j.
///
/// probabilities [n];  indices, weights [k], k <= n
/// The model multiplies per_expert_scale on afterwards. Source: spec/text-model.md 4.2.
void route_top_k(std::span<const float> probabilities, std::span<std::int32_t> indices, std::span<float> weights);

}  // namespace carat::ref
