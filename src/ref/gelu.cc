#include "ref/gelu.h"

#include "base/elementary.h"

namespace carat::ref {

double gelu_tanh(double u) {
  constexpr double kSqrt2OverPi = 0.79788456080286535588;
  return 0.5 * u * (1 + tanh_f64(kSqrt2OverPi * (u + 0.044715 * u * u * u)));
}

void gelu_mul(const float* gate, const float* up, std::int64_t n, float* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(gelu_tanh(gate[i]) * up[i]);
}

}  // namespace carat::ref
