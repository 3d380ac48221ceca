#include "kernels/rms_norm.h"

#include "kernels/kernel_table.h"
#include "kernels/parallel_rows.h"

namespace carat::kernels {

void rms_norm(MatView<const float> x, std::span<const float> weight, float eps, MatView<float> y, Exec& exec) {
  rms_norm_heads(x, x.cols, weight, eps, y, exec);
}

void rms_norm_heads(MatView<const float> x, std::int64_t head_dim, std::span<const float> weight, float eps,
                    MatView<float> y, Exec& exec) {
  CARAT_CHECK(x.rows == y.rows && x.cols == y.cols && head_dim > 0 && x.cols % head_dim == 0);
  CARAT_CHECK(weight.empty() || static_cast<std::int64_t>(weight.size()) == head_dim);
  const float* w = weight.empty() ? nullptr : weight.data();
  for_each_row(exec, x.rows, [&](std::int64_t t) {
    for (std::int64_t i = 0; i < x.cols; i += head_dim)
      exec.table->rms_norm(x.row(t) + i, w, head_dim, eps, y.row(t) + i);
  });
}

}  // namespace carat::kernels
