#include "ref/matmul_i8.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/packed/pack.h"

namespace carat::ref {
namespace {

// The activations of one column of a panel, q * d, as [n_blocks * 32].
std::vector<double> read_column(const kernels::Panel& x, std::int64_t token) {
  const std::int32_t* tile = x.data;
  std::int64_t t = 0;
  const auto first = [&](std::int64_t i) { return kernels::tile_first(x.n_tokens, x.n_tiles, i); };
  for (; first(t + 1) <= token; ++t) {
    tile += x.n_blocks * x.kind.words() * kernels::stored_width(first(t + 1) - first(t), x.tile_columns);
  }
  const std::int64_t padded = kernels::stored_width(first(t + 1) - first(t), x.tile_columns);
  std::vector<double> column;
  for (std::int64_t b = 0; b < x.n_blocks; ++b) {
    const std::int32_t* block = tile + b * x.kind.words() * padded + (token - first(t));
    float d;
    std::memcpy(&d, block + (8 + x.kind.n_parts()) * padded, sizeof d);
    for (int k = 0; k < 32; ++k) {
      std::int8_t q[4];
      std::memcpy(q, block + k / 4 * padded, sizeof q);
      column.push_back(static_cast<double>(q[k % 4]) * static_cast<double>(d));
    }
  }
  return column;
}

}  // namespace

void quantize(const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d, std::int32_t* sums) {
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    double top = 0;
    for (std::int64_t i = b * 32; i < std::min(n, b * 32 + 32); ++i)
      top = std::isnan(x[i]) ? static_cast<double>(x[i]) : std::max(top, std::abs(static_cast<double>(x[i])));
    d[b] = static_cast<float>(top / 127.0);
    for (std::int64_t i = b * 32; i < b * 32 + 32; ++i) {
      const bool zero = i >= n || d[b] == 0.0f || !std::isfinite(d[b]);
      q[i] = zero ? std::int8_t{0}
                  : static_cast<std::int8_t>(std::nearbyint(
                        std::clamp(static_cast<double>(x[i]) / static_cast<double>(d[b]), -127.0, 127.0)));
    }
    for (std::int64_t part = b * 2; part < b * 2 + 2; ++part) {
      sums[part] = std::accumulate(q + part * 16, q + part * 16 + 16, std::int32_t{0});
    }
  }
}

void matmul_i8(const kernels::PackedView& w, std::int64_t first_group, std::int64_t end_group, const kernels::Panel& x,
               float* y, std::int64_t y_stride) {
  std::vector<std::vector<double>> columns;
  for (std::int64_t t = 0; t < x.n_tokens; ++t) columns.push_back(read_column(x, t));
  std::vector<float> row(static_cast<std::size_t>(w.cols));
  const std::int64_t end = std::min(end_group * kernels::kGroupRows, w.rows);
  for (std::int64_t r = first_group * kernels::kGroupRows; r < end; ++r) {
    kernels::decode_packed_row(w, r, row.data());
    for (std::int64_t t = 0; t < x.n_tokens; ++t) {
      double sum = 0;
      for (std::size_t k = 0; k < row.size(); ++k)
        sum += static_cast<double>(row[k]) * columns[static_cast<std::size_t>(t)][k];
      y[t * y_stride + r] = static_cast<float>(sum);
    }
  }
}

}  // namespace carat::ref
