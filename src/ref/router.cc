#include "ref/router.h"

#include <vector>

namespace carat::ref {

void route_top_k(std::span<const float> probabilities, std::span<std::int32_t> indices, std::span<float> weights) {
  std::vector<bool> taken(probabilities.size(), false);
  double sum = 0;
  for (std::int32_t& chosen : indices) {
    chosen = -1;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      if (taken[i]) continue;
      if (chosen < 0 || probabilities[i] > probabilities[static_cast<std::size_t>(chosen)]) {
        chosen = static_cast<std::int32_t>(i);
      }
    }
    taken[static_cast<std::size_t>(chosen)] = true;
    sum += probabilities[static_cast<std::size_t>(chosen)];
  }
  for (std::size_t i = 0; i < indices.size(); ++i) {
    weights[i] = static_cast<float>(probabilities[static_cast<std::size_t>(indices[i])] / sum);
  }
}

}  // namespace carat::ref
