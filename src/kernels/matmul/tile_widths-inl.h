// The padded widths of activations.h as compile-time widths, for the ISAs with a kernel of their own. Included by
// targets/*.cc inside the ISA namespace, after multiply_tile_groups<Format, C>.

template <PackedFormat Format>
inline void multiply_panel_tile(const PackedView& view, std::int64_t first_group, std::int64_t end_group,
                                const std::int32_t* x, std::int64_t padded, std::int64_t n_columns, float* y,
                                std::int64_t y_stride) {
  switch (padded) {
    case 1:
      return multiply_tile_groups<Format, 1>(view, first_group, end_group, x, n_columns, y, y_stride);
    case 2:
      return multiply_tile_groups<Format, 2>(view, first_group, end_group, x, n_columns, y, y_stride);
    case 4:
      return multiply_tile_groups<Format, 4>(view, first_group, end_group, x, n_columns, y, y_stride);
    case 8:
      return multiply_tile_groups<Format, 8>(view, first_group, end_group, x, n_columns, y, y_stride);
    case 12:
      return multiply_tile_groups<Format, 12>(view, first_group, end_group, x, n_columns, y, y_stride);
    default:
      return multiply_tile_groups<Format, 16>(view, first_group, end_group, x, n_columns, y, y_stride);
  }
}
