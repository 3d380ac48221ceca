#include "kernels/matmul/panel.h"

#include <cstring>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/packed/layout.h"
#include "kernels/parallel_rows.h"

namespace carat::kernels {
namespace {

std::int64_t tile_words(const Panel& panel, std::int64_t tile) {
  const std::int64_t width =
      tile_first(panel.n_tokens, panel.n_tiles, tile + 1) - tile_first(panel.n_tokens, panel.n_tiles, tile);
  return panel.n_blocks * panel.kind.words() * padded_width(width);
}

// One column of one block: 8 words of int8, starts, scale, scaled sums, each `padded` words apart.
void fill_column(const PanelKind& kind, const std::int8_t* q, float d, std::int64_t padded, std::int32_t* out) {
  for (int j = 0; j < 8; ++j) std::memcpy(out + j * padded, q + 4 * j, 4);
  std::int32_t* starts = out + 8 * padded;
  std::int32_t* scale = starts + kind.n_parts() * padded;
  std::memcpy(scale, &d, sizeof d);
  for (int part = 0; part < kind.n_parts(); ++part) {
    std::int32_t sum = 0;
    for (int i = 0; i < kind.block; ++i) sum += q[part * kind.block + i];
    starts[part * padded] = kMagicBits - kind.zero_point * sum;
    if (kind.has_min) {
      const float scaled = d * static_cast<float>(sum);
      std::memcpy(scale + (1 + part) * padded, &scaled, sizeof scaled);
    }
  }
}

}  // namespace

PanelKind panel_kind(PackedFormat format) {
  const PackedTraits t = packed_traits(format);
  CARAT_CHECK(t.code_bits > 0);
  return {t.block, t.has_min ? 0 : 1 << (t.code_bits - 1), t.has_min};
}

QuantizedRows quantize_rows(MatView<const float> x, std::int64_t cols_padded, Exec& exec) {
  const std::int64_t n_blocks = cols_padded / 32;
  auto* q = exec.arena->allocate<std::int8_t>(x.rows * cols_padded);
  auto* d = exec.arena->allocate<float>(x.rows * n_blocks);
  for_each_row(exec, x.rows, [&](std::int64_t t) {
    exec.table->quantize(x.row(t), x.cols, n_blocks, q + t * cols_padded, d + t * n_blocks);
  });
  return {q, d, x.rows, n_blocks};
}

Panel make_panel(const QuantizedRows& rows, PanelKind kind, Exec& exec) {
  Panel panel{kind, rows.n_tokens, rows.n_blocks, tile_count(rows.n_tokens), nullptr};
  std::int64_t words = 0;
  for (std::int64_t t = 0; t < panel.n_tiles; ++t) words += tile_words(panel, t);
  auto* data = exec.arena->allocate<std::int32_t>(words);
  panel.data = data;
  const auto fill_tile = [&](std::int64_t tile) {
    const std::int64_t first = tile_first(panel.n_tokens, panel.n_tiles, tile);
    const std::int64_t width = tile_first(panel.n_tokens, panel.n_tiles, tile + 1) - first;
    const std::int64_t padded = padded_width(width);
    std::int32_t* out = data;
    for (std::int64_t t = 0; t < tile; ++t) out += tile_words(panel, t);
    const std::int8_t zeros[32] = {};
    for (std::int64_t b = 0; b < panel.n_blocks; ++b, out += kind.words() * padded) {
      for (std::int64_t c = 0; c < padded; ++c) {
        const bool real = c < width;
        const std::int8_t* q = real ? rows.q + ((first + c) * rows.n_blocks + b) * 32 : zeros;
        fill_column(kind, q, real ? rows.d[(first + c) * rows.n_blocks + b] : 0.0f, padded, out + c);
      }
    }
  };
  if (panel.n_tiles == 1) {
    fill_tile(0);
  } else {
    exec.pool->run(panel.n_tiles, [&](std::int64_t tile, int) { fill_tile(tile); });
  }
  return panel;
}

std::size_t panel_scratch_bytes(std::int64_t tokens, std::int64_t cols_padded) {
  const std::int64_t columns =
      (tokens + 3) / 4 * 4 + (tokens > 4 ? tokens / 2 : 0);  // tiles of 5, 9 and 13 are padded by 3
  const std::size_t rows =
      Arena::rounded(static_cast<std::size_t>(tokens * cols_padded)) + Arena::rounded_floats(tokens * cols_padded / 32);
  const std::int64_t columns_blocks = columns * cols_padded / 32;
  constexpr PanelKind kLargest{16, 0, true}, kSecond{32, 0, true};
  return rows + Arena::rounded_floats(columns_blocks * kLargest.words()) +
         Arena::rounded_floats(columns_blocks * kSecond.words());
}

}  // namespace carat::kernels
