#pragma once

#include <cstdint>
#include <span>

namespace carat::kernels {

/// The k largest of n probabilities: indices by falling probability, ties by lower index; weights[i] = p / sum of the
/// k.
///
/// probabilities [n];  indices, weights [k];  k <= n
/// Sum in f32 in the order of the indices. Source: transformers Gemma4TextRouter (softmax, top-k, renormalise).
void route_top_k(std::span<const float> probabilities, std::span<std::int32_t> indices, std::span<float> weights);

}  // namespace carat::kernels
