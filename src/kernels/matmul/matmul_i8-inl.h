// Which format, which tiles: the same for every ISA. Included by targets/*.cc after an ISA's multiply_panel_tile.

template <PackedFormat Format>
inline void matmul_i8_format(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const Panel& x,
                             float* y, std::int64_t y_stride) {
#ifdef CARAT_GEMM_COLUMNS
  if (x.tile_columns == CARAT_GEMM_COLUMNS) return multiply_unpacked<Format>(w, first_group, end_group, x, y, y_stride);
#endif
  // A few groups at a time, so that their weights are still in L2 when the next tile of columns needs them.
  constexpr std::int64_t kWeightBytesAtOnce = 192 << 10;
  std::int64_t at_once = kWeightBytesAtOnce / w.group_bytes;
  if (at_once < 1 || x.n_tiles == 1) at_once = x.n_tiles == 1 ? end_group - first_group : 1;
  for (std::int64_t g = first_group; g < end_group; g += at_once) {
    const std::int64_t end = g + at_once < end_group ? g + at_once : end_group;
    const std::int32_t* tile = x.data;
    for (std::int64_t t = 0; t < x.n_tiles; ++t) {
      const std::int64_t first = tile_first(x.n_tokens, x.n_tiles, t);
      const std::int64_t width = tile_first(x.n_tokens, x.n_tiles, t + 1) - first;
      const std::int64_t padded = stored_width(width, x.tile_columns);
      multiply_panel_tile<Format>(w, g, end, tile, padded, width, y + first * y_stride, y_stride);
      tile += x.n_blocks * x.kind.words() * padded;
    }
  }
}

inline void matmul_i8(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const Panel& x, float* y,
                      std::int64_t y_stride) {
#define CARAT_CASE(format)   \
  case PackedFormat::format: \
    return matmul_i8_format<PackedFormat::format>(w, first_group, end_group, x, y, y_stride)
  switch (w.format) {
    CARAT_CASE(kS4x32);
    CARAT_CASE(kU4x32);
    CARAT_CASE(kS6x32);
    CARAT_CASE(kU6x32);
    CARAT_CASE(kS8x32);
    CARAT_CASE(kS8x32F);
    CARAT_CASE(kU4x32K);
    CARAT_CASE(kU6x32K);
    CARAT_CASE(kS8x32K);
    CARAT_CASE(kS6x16K);
    CARAT_CASE(kS4x16K);
    CARAT_CASE(kU4x16K);
    default:
      return;  // float weights are multiplied in f32
  }
#undef CARAT_CASE
}
