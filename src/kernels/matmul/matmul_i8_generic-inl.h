// y = W x with int8 activations (`fast`), plain: the normative integer contract, for the scalar target and as long as
// an ISA has no kernel of its own. Same interface as matmul_i8_<isa>-inl.h; included by targets/*.cc inside the ISA
// namespace.

inline float word_as_float(std::int32_t word) {
  float f;
  __builtin_memcpy(&f, &word, sizeof f);
  return f;
}

// Unsigned codes of 32 k and 16 rows: code[k][row].
template <int Bits>
inline void read_codes(const std::uint8_t* p, std::uint8_t (*code)[16]) {
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < 32; ++k) {
      const int t = k % 4;
      if constexpr (Bits == 8) {
        code[k][row] = p[k / 4 * 64 + row * 4 + t];
      } else {
        const std::uint8_t byte = p[k % 16 / 4 * 64 + row * 4 + t];
        int c = k < 16 ? byte & 15 : byte >> 4;
        if constexpr (Bits == 6) c |= ((p[256 + k / 16 * 64 + row * 4 + t] >> (2 * (k % 16 / 4))) & 3) << 4;
        code[k][row] = static_cast<std::uint8_t>(c);
      }
    }
  }
}

template <PackedFormat Format>
inline void multiply_tile_groups(const PackedView& view, std::int64_t first_group, std::int64_t end_group,
                                 const std::int32_t* x, std::int64_t padded, std::int64_t n_columns, float* y,
                                 std::int64_t y_stride) {
  constexpr PackedTraits kTraits = packed_traits(Format);
  constexpr int kParts = 32 / kTraits.block;
  constexpr int kWords = 8 + kParts + 1 + (kTraits.has_min ? kParts : 0);
  for (std::int64_t g = first_group; g < end_group; ++g) {
    F acc[kTileColumns];
    for (std::int64_t c = 0; c < n_columns; ++c) acc[c] = zero();
    const std::int32_t* block = x;
    for_each_half<Format>(
        view, g, 0, view.cols_padded / Chunk<Format>::kCols, [&](const Chunk<Format>& chunk, int half) {
          std::uint8_t code[32][16];
          read_codes<kTraits.code_bits>(chunk.codes(half), code);
          for (std::int64_t c = 0; c < n_columns; ++c) {
            const std::int32_t* starts = block + 8 * padded + c;
            const std::int32_t* scales = block + (8 + kParts) * padded + c;
            for (int part = 0; part < kParts; ++part) {
              std::int32_t dot[16];
              for (int row = 0; row < 16; ++row) dot[row] = starts[part * padded] - kMagicBits;
              for (int i = 0; i < kTraits.block; ++i) {
                const int kk = part * kTraits.block + i;
                const auto* q = reinterpret_cast<const std::int8_t*>(block + kk / 4 * padded + c);
                for (int row = 0; row < 16; ++row) dot[row] += code[kk][row] * q[kk % 4];
              }
              const F scaled = fma(to_float(load_i(dot)), chunk.scale(half, part), zero());  // a product, never -0
              acc[c] = fma(scaled, set1(word_as_float(scales[0])), acc[c]);
              if constexpr (kTraits.has_min) {
                acc[c] = fma(chunk.minus_min(half, part), set1(word_as_float(scales[(1 + part) * padded])), acc[c]);
              }
            }
          }
          block += kWords * padded;
        });
    for (std::int64_t c = 0; c < n_columns; ++c) store_group(view, g, acc[c], y + c * y_stride);
  }
}

template <PackedFormat Format>
inline void multiply_panel_tile(const PackedView& view, std::int64_t first_group, std::int64_t end_group,
                                const std::int32_t* x, std::int64_t padded, std::int64_t n_columns, float* y,
                                std::int64_t y_stride) {
  multiply_tile_groups<Format>(view, first_group, end_group, x, padded, n_columns, y, y_stride);
}
