#include "ref/rope.h"

namespace carat::ref {

void rope(float* x, std::int64_t n_heads, std::int64_t head_dim, const float* cos, const float* sin,
          std::int64_t n_pairs) {
  for (std::int64_t h = 0; h < n_heads; ++h) {
    float* first = x + h * head_dim;
    float* second = first + head_dim / 2;
    for (std::int64_t j = 0; j < n_pairs; ++j) {
      const double a = first[j], b = second[j];
      first[j] = static_cast<float>(a * cos[j] - b * sin[j]);
      second[j] = static_cast<float>(b * cos[j] + a * sin[j]);
    }
  }
}

}  // namespace carat::ref
