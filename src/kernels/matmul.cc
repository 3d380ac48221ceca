#include "kernels/matmul.h"

#include <algorithm>
#include <cstring>

#include "base/arena.h"
#include "base/check.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/matmul/panel.h"
#include "kernels/packed/layout.h"

namespace carat::kernels {
namespace {

// Enough that nobody waits long for the last one, each still long enough to be worth taking.
constexpr std::int64_t kSharesAThread = 16;
constexpr std::int64_t kFewColumns = 4;  // up to here a kernel takes one group at a time
constexpr std::size_t kMaxMatrices = 4;  // of one region
constexpr std::size_t kMaxPanels = 2;    // kinds of weights they may mix in `fast`: gate and up, k and v

// Activations as f32 rows of `padded` values, and their sums of 16 for formats with a minimum. For the others `sums` is
// the first row: kernels step through it (null plus an offset is undefined) and never read it.
struct F32Input {
  MatView<const float> x;
  const float* sums = nullptr;
  std::int64_t sums_stride = 0;
};

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

F32Input prepare_f32(MatView<const float> x, std::int64_t padded, bool needs_sums, Exec& exec) {
  F32Input in{x, nullptr, 0};
  if (padded != x.cols) {
    auto* copy = exec.arena->allocate<float>(x.rows * padded);
    for (std::int64_t t = 0; t < x.rows; ++t) {
      std::memcpy(copy + t * padded, x.row(t), static_cast<std::size_t>(x.cols) * sizeof(float));
      std::fill(copy + t * padded + x.cols, copy + (t + 1) * padded, 0.0f);
    }
    in.x = {copy, x.rows, padded};
  }
  in.sums = in.x.data;
  if (needs_sums) {
    in.sums_stride = padded / 16;
    auto* sums = exec.arena->allocate<float>(x.rows * in.sums_stride);
    sums_of_16(in.x, sums, in.sums_stride);
    in.sums = sums;
  }
  return in;
}

// How one matrix of a region reads the common input.
struct Product {
  const PackedView* weight = nullptr;
  MatView<float> y;
  const Panel* panel = nullptr;  ///< null: f32
};

bool uses_int8(const PackedView& w, const Exec& exec) {
  return exec.compute == Compute::kFast && packed_traits(w.format).code_bits > 0;
}

std::size_t count_panels(std::span<const PackedView* const> weights, const Exec& exec) {
  PanelKind kinds[kMaxMatrices];
  std::size_t n = 0;
  for (const PackedView* w : weights) {
    if (!uses_int8(*w, exec)) continue;
    const PanelKind kind = panel_kind(w->format);
    if (std::find(kinds, kinds + n, kind) == kinds + n) kinds[n++] = kind;
  }
  return n;
}

}  // namespace

std::size_t matmul_scratch_bytes(std::int64_t tokens, std::int64_t cols) {
  const std::int64_t padded = packed_cols(PackedFormat::kS6x16K, cols);
  return Arena::rounded_floats(tokens * padded) + Arena::rounded_floats(tokens * padded / 16) +
         panel_scratch_bytes(tokens, padded);
}

void matmul(MatView<const float> x, std::span<const PackedView* const> weights, std::span<const MatView<float>> ys,
            Exec& exec) {
  CARAT_CHECK(!weights.empty() && weights.size() == ys.size() && weights.size() <= kMaxMatrices);
  if (x.rows == 0) return;
  if (count_panels(weights, exec) > kMaxPanels) {  // rare: one region each, the same bits
    for (std::size_t i = 0; i < weights.size(); ++i) matmul(x, weights.subspan(i, 1), ys.subspan(i, 1), exec);
    return;
  }
  const Arena::Scope scope(*exec.arena);
  std::int64_t n_groups = 0, padded = 0;
  bool any_f32 = false, any_int8 = false, needs_sums = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const PackedView& w = *weights[i];
    CARAT_CHECK(w.cols == x.cols && ys[i].rows == x.rows && ys[i].cols == w.rows);
    n_groups += w.n_groups();
    padded = std::max(padded, w.cols_padded);
    any_int8 = any_int8 || uses_int8(w, exec);
    any_f32 = any_f32 || !uses_int8(w, exec);
    needs_sums = needs_sums || (!uses_int8(w, exec) && packed_traits(w.format).has_min);
  }
  F32Input f32;
  if (any_f32) f32 = prepare_f32(x, padded, needs_sums, exec);
  QuantizedRows rows;
  if (any_int8) rows = quantize_rows(x, padded, exec);
  Product products[kMaxMatrices];
  Panel panels[kMaxPanels];
  std::size_t n_panels = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    products[i] = {weights[i], ys[i], nullptr};
    if (!uses_int8(*weights[i], exec)) continue;
    const PanelKind kind = panel_kind(weights[i]->format);
    for (std::size_t p = 0; p < n_panels; ++p) {
      if (panels[p].kind == kind) products[i].panel = &panels[p];
    }
    if (products[i].panel == nullptr) {
      CARAT_CHECK(n_panels < kMaxPanels);
      panels[n_panels] = make_panel(rows, kind, exec);
      products[i].panel = &panels[n_panels++];
    }
  }
  // Contiguous groups, and shares in ascending order on each thread: one stream of memory each. Tiles of many columns
  // take two groups together, so those are not cut apart.
  const std::int64_t together = x.rows > kFewColumns ? 2 : 1;
  const std::int64_t n_units = (n_groups + together - 1) / together;
  const std::int64_t n_shares = std::min<std::int64_t>(n_units, kSharesAThread * exec.pool->n_threads());
  exec.pool->run(n_shares, [&](std::int64_t share, int) {
    std::int64_t first = n_units * share / n_shares * together;
    std::int64_t end = std::min(n_units * (share + 1) / n_shares * together, n_groups);
    for (std::size_t i = 0; i < weights.size() && first < end; ++i) {
      const Product& product = products[i];
      const std::int64_t n = product.weight->n_groups();
      if (first < n && product.panel != nullptr) {
        exec.table->matmul_i8(*product.weight, first, std::min(end, n), *product.panel, product.y.data,
                              product.y.stride);
      } else if (first < n) {
        exec.table->matmul(*product.weight, first, std::min(end, n), f32.x.data, f32.x.stride, f32.sums,
                           f32.sums_stride, x.rows, product.y.data, product.y.stride);
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
