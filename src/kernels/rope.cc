#include "kernels/rope.h"

#include "base/elementary.h"
#include "kernels/kernel_table.h"
#include "kernels/parallel_rows.h"

namespace carat::kernels {

std::vector<double> rope_frequencies(double base, double position_divisor, std::int64_t head_dim,
                                     std::int64_t n_pairs) {
  CARAT_CHECK(n_pairs <= head_dim / 2);
  std::vector<double> f(static_cast<std::size_t>(n_pairs));
  for (std::int64_t j = 0; j < n_pairs; ++j) {
    const double exponent = -2.0 * static_cast<double>(j) / static_cast<double>(head_dim);
    f[static_cast<std::size_t>(j)] = pow_f64(base, exponent) / position_divisor;
  }
  return f;
}

void rope_angles(std::span<const std::int64_t> positions, std::span<const double> frequencies, MatView<float> cos,
                 MatView<float> sin, Exec& exec) {
  CARAT_CHECK(cos.rows == static_cast<std::int64_t>(positions.size()) && sin.rows == cos.rows);
  for_each_row(exec, cos.rows, [&](std::int64_t t) {
    const auto pos = static_cast<double>(positions[static_cast<std::size_t>(t)]);
    for (std::size_t j = 0; j < frequencies.size(); ++j) {
      const SinCos angle = sincos_f64(pos * frequencies[j]);
      cos.row(t)[j] = static_cast<float>(angle.cos);
      sin.row(t)[j] = static_cast<float>(angle.sin);
    }
  });
}

void apply_rope(MatView<float> x, std::int64_t head_dim, MatView<const float> cos, MatView<const float> sin,
                Exec& exec) {
  CARAT_CHECK(x.rows == cos.rows && x.rows == sin.rows && cos.cols == sin.cols && x.cols % head_dim == 0);
  for_each_row(exec, x.rows, [&](std::int64_t t) {
    exec.table->rope(x.row(t), x.cols / head_dim, head_dim, cos.row(t), sin.row(t), cos.cols);
  });
}

}  // namespace carat::kernels
