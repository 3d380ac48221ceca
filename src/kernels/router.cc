#include "kernels/router.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace carat::kernels {

void route_top_k(std::span<const float> probabilities, std::span<std::int32_t> indices, std::span<float> weights) {
  CARAT_CHECK(indices.size() == weights.size() && indices.size() <= probabilities.size());
  std::vector<std::int32_t> order(probabilities.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  const auto p = [&](std::int32_t i) { return probabilities[static_cast<std::size_t>(i)]; };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(indices.size()), order.end(),
                    [&](std::int32_t a, std::int32_t b) { return p(a) != p(b) ? p(a) > p(b) : a < b; });
  float sum = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    indices[i] = order[i];
    sum += p(order[i]);
  }
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = p(indices[i]) / sum;
}

}  // namespace carat::kernels
