#include "ref/matmul.h"

#include <algorithm>
#include <vector>

#include "kernels/packed/pack.h"

namespace carat::ref {

void matmul(const kernels::PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
            std::int64_t x_stride, const float* /*x_sums*/, std::int64_t /*x_sums_stride*/, std::int64_t n_tokens,
            float* y, std::int64_t y_stride) {
  std::vector<float> weights(static_cast<std::size_t>(w.cols));
  const std::int64_t end_row = std::min(end_group * kernels::kGroupRows, w.rows);
  for (std::int64_t r = first_group * kernels::kGroupRows; r < end_row; ++r) {
    kernels::decode_packed_row(w, r, weights.data());
    for (std::int64_t t = 0; t < n_tokens; ++t) {
      double sum = 0;
      for (std::int64_t k = 0; k < w.cols; ++k) {
        sum += static_cast<double>(weights[static_cast<std::size_t>(k)]) * x[t * x_stride + k];
      }
      y[t * y_stride + r] = static_cast<float>(sum);
    }
  }
}

}  // namespace carat::ref
