// Matrix products. One column (a decode step) is limited by reading weights: 192 MiB of them, more than any cache. Many
// columns (a prompt) are limited by fma. In `exact` a weight costs one unpack and one fma a column.
#include "kernels/matmul.h"

#include "kernels/bench_testing.h"
#include "kernels/packed/packed_testing.h"
#include "tensor/buffer.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Limit;
using testing::Matrix;

constexpr std::int64_t kCols = 1536;  // E2B's width

/// A matrix of about `bytes`: four random groups of 16 rows, again and again.
struct BigMatrix {
  Buffer buffer;
  PackedView view;

  BigMatrix(DType dtype, std::int64_t bytes) {
    const testing::PackedWeights w = testing::random_weights(dtype, 64, kCols, 1);
    const auto tile = static_cast<std::int64_t>(w.packed.size());
    const std::int64_t n = std::max<std::int64_t>(1, bytes / tile);
    buffer = Buffer::allocate(static_cast<std::size_t>(n * tile)).value();
    for (std::int64_t i = 0; i < n; ++i) std::memcpy(buffer.data() + i * tile, w.packed.data(), w.packed.size());
    view = w.view;
    view.data = buffer.as<std::uint8_t>();
    view.rows = 64 * n;
  }
};

void bm_columns(benchmark::State& state, const KernelTable& table, int n_threads, DType dtype, std::int64_t n_columns,
                std::int64_t bytes, Limit limit) {
  const BigMatrix w(dtype, bytes);
  const Matrix x(n_columns, kCols, kCols, Draw::kNormal, 2);
  Matrix y(n_columns, w.view.rows);
  testing::Workbench bench(table, n_threads);
  const double amount = limit == Limit::kRead ? static_cast<double>(w.buffer.size())
                                              : 2.0 * static_cast<double>(w.view.rows * kCols * n_columns);
  testing::run_against_peak(state, n_threads, limit, amount, [&] { matmul(x.view(), w.view, y.view(), bench.exec()); });
}

const bool kRegistered = [] {
  for (const quant::WeightType& type : quant::weight_types()) {
    const DType dtype = type.dtype;
    const std::string name(dtype_name(dtype));
    for (const std::int64_t n : {1, 2, 4, 8}) {
      testing::register_for_isas("matmul/" + name + "/columns:" + std::to_string(n),
                                 [=](benchmark::State& state, const KernelTable& table, int n_threads) {
                                   bm_columns(state, table, n_threads, dtype, n, std::int64_t{192} << 20, Limit::kRead);
                                 });
      if (dtype != DType::kQ4_0 && dtype != DType::kQ4_K && dtype != DType::kBF16) break;
    }
    testing::register_for_isas("matmul/" + name + "/columns:512",
                               [=](benchmark::State& state, const KernelTable& table, int n_threads) {
                                 bm_columns(state, table, n_threads, dtype, 512, std::int64_t{2} << 20, Limit::kFma);
                               });
  }
  return true;
}();

}  // namespace
}  // namespace carat::kernels
