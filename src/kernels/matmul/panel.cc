#include "kernels/matmul/panel.h"

#include <algorithm>
#include <cstring>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/packed/layout.h"
#include "kernels/parallel_rows.h"

namespace carat::kernels {
namespace {

struct Tile {
  std::int64_t first;   // column of the step
  std::int64_t width;   // columns with values
  std::int64_t stored;  // with padding
};

Tile tile_of(const Panel& panel, std::int64_t index) {
  const std::int64_t first = tile_first(panel.n_tokens, panel.n_tiles, index);
  const std::int64_t width = tile_first(panel.n_tokens, panel.n_tiles, index + 1) - first;
  return {first, width, stored_width(width, panel.tile_columns)};
}

std::int64_t tile_words(const Panel& panel, const Tile& tile) {
  return panel.n_blocks * panel.kind.words() * tile.stored;
}

// One column of one block: 8 words of int8, starts, scale, scaled sums, each `stored` words apart.
void fill_column(const PanelKind& kind, const std::int8_t* q, float d, const std::int32_t* sums, std::int64_t stored,
                 std::int32_t* out) {
  for (int j = 0; j < 8; ++j) std::memcpy(out + j * stored, q + 4 * j, 4);
  std::int32_t* starts = out + 8 * stored;
  std::int32_t* scale = starts + kind.n_parts() * stored;
  std::memcpy(scale, &d, sizeof d);
  for (int part = 0; part < kind.n_parts(); ++part) {
    const std::int32_t sum = kind.n_parts() == 2 ? sums[part] : sums[0] + sums[1];
    starts[part * stored] = kMagicBits - kind.zero_point * sum;
    if (kind.has_min) {
      const float scaled = d * static_cast<float>(sum);
      std::memcpy(scale + (1 + part) * stored, &scaled, sizeof scaled);
    }
  }
}

void fill_tile(const Panel& panel, const QuantizedRows& rows, const Tile& tile, std::int32_t* out) {
  const std::int8_t zeros[32] = {};
  const std::int32_t no_sums[2] = {};
  for (std::int64_t b = 0; b < panel.n_blocks; ++b, out += panel.kind.words() * tile.stored) {
    for (std::int64_t c = 0; c < tile.width; ++c) {
      const std::int64_t at = (tile.first + c) * panel.n_blocks + b;
      fill_column(panel.kind, rows.q + at * 32, rows.d[at], rows.sums + at * 2, tile.stored, out + c);
    }
    for (std::int64_t c = tile.width; c < tile.stored; ++c) {
      fill_column(panel.kind, zeros, 0.0f, no_sums, tile.stored, out + c);
    }
  }
}

std::int64_t stored_columns(std::int64_t tokens, std::int64_t tile_columns) {
  if (tokens == 0) return 0;
  const std::int64_t n_tiles = tile_count(tokens, tile_columns);
  return n_tiles * stored_width((tokens + n_tiles - 1) / n_tiles, tile_columns);
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
  auto* sums = exec.arena->allocate<std::int32_t>(x.rows * n_blocks * 2);
  for_each_row(exec, x.rows, [&](std::int64_t t) {
    exec.table->quantize(x.row(t), x.cols, n_blocks, q + t * cols_padded, d + t * n_blocks, sums + t * n_blocks * 2);
  });
  return {q, d, sums, x.rows, n_blocks};
}

Panel make_panel(const QuantizedRows& rows, PanelKind kind, Exec& exec) {
  const GemmTiles& gemm = exec.table->gemm;
  const bool many = gemm.from_tokens > 0 && rows.n_tokens >= gemm.from_tokens;
  const std::int64_t tile_columns = many ? gemm.columns : kTileColumns;
  Panel panel{kind, rows.n_tokens, rows.n_blocks, tile_count(rows.n_tokens, tile_columns), tile_columns, nullptr};
  std::int64_t words = 0;
  auto* offsets = exec.arena->allocate<std::int64_t>(panel.n_tiles);
  for (std::int64_t t = 0; t < panel.n_tiles; ++t) {
    offsets[t] = words;
    words += tile_words(panel, tile_of(panel, t));
  }
  auto* data = exec.arena->allocate<std::int32_t>(words);
  panel.data = data;
  const auto fill = [&](std::int64_t t) { fill_tile(panel, rows, tile_of(panel, t), data + offsets[t]); };
  if (panel.n_tiles == 1) {
    fill(0);
  } else {
    exec.pool->run(panel.n_tiles, [&](std::int64_t t, int) { fill(t); });
  }
  return panel;
}

std::size_t panel_scratch_bytes(std::int64_t tokens, std::int64_t cols_padded) {
  // A table may use either width of tiles.
  std::int64_t columns = 0, n_tiles = 0;
  for (const std::int64_t tile_columns : {kTileColumns, kNarrowestTile}) {
    columns = std::max(columns, stored_columns(tokens, tile_columns));
    n_tiles = std::max(n_tiles, tile_count(tokens, tile_columns));
  }
  const std::int64_t n_blocks = cols_padded / 32;
  const std::size_t rows = Arena::rounded(static_cast<std::size_t>(tokens * cols_padded)) +
                           Arena::rounded_floats(tokens * n_blocks) + Arena::rounded_floats(tokens * n_blocks * 2);
  constexpr PanelKind kLargest{16, 0, true}, kSecond{32, 0, true};
  return rows + 2 * Arena::rounded_floats(2 * n_tiles) + Arena::rounded_floats(columns * n_blocks * kLargest.words()) +
         Arena::rounded_floats(columns * n_blocks * kSecond.words());
}

}  // namespace carat::kernels
