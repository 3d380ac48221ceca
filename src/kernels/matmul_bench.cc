// Matrix products. One column (a decode step) is limited by reading weights: 192 MiB of them, more than any cache. Many
// columns (a prompt) are limited by arithmetic. In `exact` a weight costs one unpack and one fma a column, in `fast` a
// fourth (AVX2: more) of an integer dot: rates above the fma peak.
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

struct Case {
  DType dtype;
  Compute compute;
  std::int64_t n_columns;
  std::int64_t bytes;
  Limit limit;
};

void bm_columns(benchmark::State& state, const KernelTable& table, int n_threads, const Case& c) {
  const BigMatrix w(c.dtype, c.bytes);
  const Matrix x(c.n_columns, kCols, kCols, Draw::kNormal, 2);
  Matrix y(c.n_columns, w.view.rows);
  ThreadPool pool(n_threads);
  Arena arena;
  CARAT_CHECK(arena.reserve(matmul_scratch_bytes(c.n_columns, kCols)).has_value());
  Exec exec{&table, &pool, &arena, c.compute};
  const double amount = c.limit == Limit::kRead ? static_cast<double>(w.buffer.size())
                                                : 2.0 * static_cast<double>(w.view.rows * kCols * c.n_columns);
  testing::run_against_peak(state, n_threads, c.limit, amount, [&] { matmul(x.view(), w.view, y.view(), exec); });
}

// matmul/<type>/<arithmetic>/columns:<n>/<isa>/threads:<n>
void register_case(const Case& c) {
  const std::string name = "matmul/" + std::string(dtype_name(c.dtype)) +
                           (c.compute == Compute::kFast ? "/fast" : "/exact") +
                           "/columns:" + std::to_string(c.n_columns);
  testing::register_for_isas(name, [c](benchmark::State& state, const KernelTable& table, int n_threads) {
    bm_columns(state, table, n_threads, c);
  });
}

const bool kRegistered = [] {
  constexpr std::int64_t kMiB = std::int64_t{1} << 20;
  for (const quant::WeightType& type : quant::weight_types()) {
    for (const Compute compute : {Compute::kExact, Compute::kFast}) {
      if (compute == Compute::kFast && quant::code_format(type.dtype) == nullptr) continue;  // as in `exact`
      for (const std::int64_t n : {1, 2, 4, 8}) {
        register_case({type.dtype, compute, n, 192 * kMiB, Limit::kRead});
        if (type.dtype != DType::kQ4_0 && type.dtype != DType::kQ4_K && type.dtype != DType::kBF16) break;
      }
      register_case({type.dtype, compute, 512, 2 * kMiB, Limit::kFma});
    }
  }
  return true;
}();

}  // namespace
}  // namespace carat::kernels
