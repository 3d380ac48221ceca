#include "ref/rms_norm.h"

#include <cmath>

namespace carat::ref {

void rms_norm(const float* x, const float* weight, std::int64_t n, float eps, float* y) {
  double squares = 0;
  for (std::int64_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double mean = squares / static_cast<double>(n);
  const double r = 1 / std::sqrt(mean + eps);  // sqrt is an IEEE operation: the same everywhere
  for (std::int64_t i = 0; i < n; ++i) {
    const double w = weight == nullptr ? 1 : weight[i];
    y[i] = static_cast<float>(x[i] * r * w);
  }
}

}  // namespace carat::ref
