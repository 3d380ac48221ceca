#pragma once

#include <cstdint>

namespace carat::kernels {

/// What a packed format needs to know of int8 activations; matrices of one input that agree share one panel.
struct PanelKind {
  int block = 32;      ///< elements that share a weight scale: 16 or 32
  int zero_point = 0;  ///< of the stored codes: 8, 32, 128; 0 with a minimum
  bool has_min = false;

  bool operator==(const PanelKind&) const = default;

  /// 32-bit words of one column and block of 32: 8 of int8 | starts | scale | (minimum) scaled sums.
  constexpr int words() const { return 8 + n_parts() + 1 + (has_min ? n_parts() : 0); }
  constexpr int n_parts() const { return 32 / block; }
};

/// Rows of activations as int8 in blocks of 32, laid out for tiles of columns (docs/arithmetic.md, `fast`). Tile t
/// holds columns [first(t), first(t) + width) of the step, `padded` = stored_width of them (the rest zero). Per tile
/// and block of 32 k:
///
///   [8][padded] x 4 int8 | [parts][padded] start | [padded] scale f32 | [parts][padded] scale * sum (f32, with a
///   minimum)
///
/// start = bits(1.5 * 2^23) - zero_point * sum of the part: the int32 accumulator begins there, so that read as f32 it
/// ends as 1.5 * 2^23 + dot, and unsigned codes need no correction.
struct Panel {
  PanelKind kind;
  std::int64_t n_tokens = 0;
  std::int64_t n_blocks = 0;  ///< cols_padded / 32
  std::int64_t n_tiles = 0;
  std::int64_t tile_columns = 0;  ///< most columns of a tile
  const std::int32_t* data = nullptr;
};

/// Most columns of a tile that is multiplied straight from the packed weights; widths in between are padded up.
inline constexpr std::int64_t kTileColumns = 16;
/// Fewest columns of the tiles of any table's GemmTiles.
inline constexpr std::int64_t kNarrowestTile = 7;

/// Columns stored for a tile of `width`. Narrower tiles than kTileColumns are for kernels of that width alone.
constexpr std::int64_t stored_width(std::int64_t width, std::int64_t tile_columns) {
  if (tile_columns < kTileColumns) return tile_columns;
  return width <= 2 ? width : width <= 4 ? 4 : width <= 8 ? 8 : width <= 12 ? 12 : 16;
}
/// Equal tiles instead of full ones and a rest.
constexpr std::int64_t tile_count(std::int64_t n_tokens, std::int64_t tile_columns) {
  return (n_tokens + tile_columns - 1) / tile_columns;
}
constexpr std::int64_t tile_first(std::int64_t n_tokens, std::int64_t n_tiles, std::int64_t t) {
  return n_tokens * t / n_tiles;
}

inline constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23
inline constexpr std::int32_t kMagicBits = 0x4B400000;

}  // namespace carat::kernels
