#include "kernels/matmul.h"

#include <algorithm>
#include <cstring>

#include "base/arena.h"
#include "base/check.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/packed/layout.h"

namespace carat::kernels {
namespace {

// Sums of 16 activations each, in ascending order: what formats with a minimum multiply it by.
void sums_of_16(MatView<const float> x, float* sums, std::int64_t sums_stride) {
  for (std::int64_t t = 0; t < x.rows; ++t) {
    for (std::int64_t i = 0; i < sums_stride; ++i) {
      const float* p = x.row(t) + i * 16;
      float sum = p[0];
      for (int k = 1; k < 16; ++k) sum += p[k];
      sums[t * sums_stride + i] = sum;
    }
  }
}

}  // namespace

std::size_t matmul_scratch_bytes(std::int64_t tokens, std::int64_t cols) {
  const std::int64_t padded = packed_cols(PackedFormat::kS6x16K, cols);
  return Arena::rounded_floats(tokens * padded) + Arena::rounded_floats(tokens * padded / 16);
}

void matmul(MatView<const float> x, std::span<const PackedView* const> weights, std::span<const MatView<float>> ys,
            Exec& exec) {
  CARAT_CHECK(!weights.empty() && weights.size() == ys.size());
  if (x.rows == 0) return;
  const Arena::Scope scope(*exec.arena);
  std::int64_t n_groups = 0, padded = 0;
  bool needs_sums = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const PackedView& w = *weights[i];
    CARAT_CHECK(w.cols == x.cols && ys[i].rows == x.rows && ys[i].cols == w.rows);
    n_groups += w.n_groups();
    padded = std::max(padded, w.cols_padded);
    needs_sums = needs_sums || packed_traits(w.format).has_min;
  }
  if (padded != x.cols) {
    auto* copy = exec.arena->allocate<float>(x.rows * padded);
    for (std::int64_t t = 0; t < x.rows; ++t) {
      std::memcpy(copy + t * padded, x.row(t), static_cast<std::size_t>(x.cols) * sizeof(float));
      std::fill(copy + t * padded + x.cols, copy + (t + 1) * padded, 0.0f);
    }
    x = {copy, x.rows, padded};
  }
  float* sums = nullptr;
  const std::int64_t sums_stride = padded / 16;
  if (needs_sums) {
    sums = exec.arena->allocate<float>(x.rows * sums_stride);
    sums_of_16(x, sums, sums_stride);
  }
  // Contiguous groups keep each share one ascending stream; a few shares a thread even out a busy neighbour.
  const std::int64_t n_shares = std::min<std::int64_t>(n_groups, std::int64_t{8} * exec.pool->n_threads());
  exec.pool->run(n_shares, [&](std::int64_t share, int) {
    std::int64_t first = n_groups * share / n_shares;
    std::int64_t end = n_groups * (share + 1) / n_shares;
    for (std::size_t i = 0; i < weights.size() && first < end; ++i) {
      const PackedView& w = *weights[i];
      const std::int64_t n = w.n_groups();
      if (first < n) {
        exec.table->matmul(w, first, std::min(end, n), x.data, x.stride, sums, sums == nullptr ? 0 : sums_stride,
                           x.rows, ys[i].data, ys[i].stride);
      }
      first = std::max<std::int64_t>(first - n, 0);
      end -= n;
    }
  });
}

void matmul(MatView<const float> x, const PackedView& weight, MatView<float> y, Exec& exec) {
  const PackedView* const w[] = {&weight};
  const MatView<float> ys[] = {y};
  matmul(x, w, ys, exec);
}

}  // namespace carat::kernels
