#include "ref/softmax.h"

#include <algorithm>

#include "base/elementary.h"

namespace carat::ref {

void softmax(const float* x, std::int64_t n, float* y) {
  const double m = *std::max_element(x, x + n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += exp_f64(x[i] - m);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(exp_f64(x[i] - m) / sum);
}

void softcap(const float* x, float cap, std::int64_t n, float* y) {
  for (std::int64_t i = 0; i < n; ++i) {
    y[i] = static_cast<float>(cap * tanh_f64(x[i] / static_cast<double>(cap)));
  }
}

}  // namespace carat::ref
