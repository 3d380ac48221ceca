// Many columns (prompts): G groups of 16 rows are unpacked once, a stretch of k at a time, and shared by up to
// kColumnsAtOnce columns. Limited by fma: a tile of C columns has 2 G C independent chains of 16 (pieces, groups and
// columns), which hides the latency of fma, and a broadcast activation serves G of them. Included by targets/*.cc
// inside the ISA namespace.
//
// Loops: columns (their activations stay in L2) -> depth of k (so do they) -> groups -> stretch of k (unpacked weights,
// in L1) -> tiles of columns. Between depths the sums pass through y.

inline constexpr std::int64_t kColumnsAtOnce = 11 * CARAT_MATMUL_COLUMNS;
inline constexpr std::int64_t kDepth = 1536;  // of k: 66 x 1536 activations are 400 KB
inline constexpr int kStretch = 128;          // of k: 16 KB of two groups

// A block of 32 k of G groups, unpacked.
template <int G>
struct UnpackedBlock {
  alignas(64) float weight[32][G][16];
  Factors factors[G];
};

template <int G>
struct TileSums {
  alignas(64) float row[G][16];
};

// Not inlined: GCC would take the sums out of the loop over blocks and spill them.
template <Fold Kind, int G, int C>
__attribute__((noinline)) void add_tile(const UnpackedBlock<G>* blocks, std::int64_t n_blocks, const float* x,
                                        std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride,
                                        TileSums<G>* acc) {
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    const UnpackedBlock<G>& block = blocks[b];
    F s[2][G][C];
    for (int g = 0; g < G; ++g) {
      for (int c = 0; c < C; ++c) s[0][g][c] = s[1][g][c] = zero();
    }
    for (int i = 0; i < 16; ++i) {
      for (int piece = 0; piece < 2; ++piece) {
        F weight[G];
        for (int g = 0; g < G; ++g) weight[g] = load(block.weight[piece * 16 + i][g]);
        for (int c = 0; c < C; ++c) {
          const F activation = set1(x[c * x_stride + b * 32 + piece * 16 + i]);
          for (int g = 0; g < G; ++g) s[piece][g][c] = fma(weight[g], activation, s[piece][g][c]);
        }
      }
    }
    for (int c = 0; c < C; ++c) {
      for (int g = 0; g < G; ++g) {
        store(acc[c].row[g], add_block<Kind>(load(acc[c].row[g]), s[0][g][c], s[1][g][c], block.factors[g],
                                             x_sums + c * x_sums_stride + b * 2));
      }
    }
  }
}

template <Fold Kind, int G, int C>
inline void add_tile_of(std::int64_t n_columns, const UnpackedBlock<G>* blocks, std::int64_t n_blocks, const float* x,
                        std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, TileSums<G>* acc) {
  if constexpr (C > 1) {
    if (n_columns < C) {
      return add_tile_of<Kind, G, C - 1>(n_columns, blocks, n_blocks, x, x_stride, x_sums, x_sums_stride, acc);
    }
  }
  add_tile<Kind, G, C>(blocks, n_blocks, x, x_stride, x_sums, x_sums_stride, acc);
}

// y = (k_first > 0 ? y : 0) + W[groups index ... index + G, k_first ... k_end] x for n columns.
template <PackedFormat Format, int G>
inline void multiply_many_columns(const PackedView& w, std::int64_t index, std::int64_t k_first, std::int64_t k_end,
                                  const float* x, std::int64_t x_stride, const float* x_sums,
                                  std::int64_t x_sums_stride, std::int64_t n, float* y, std::int64_t y_stride) {
  TileSums<G> acc[kColumnsAtOnce];
  for (std::int64_t c = 0; c < n; ++c) {
    for (int g = 0; g < G; ++g) {
      store(acc[c].row[g], k_first == 0 ? zero() : load_group(w, index + g, y + c * y_stride));
    }
  }
  const std::int64_t n_tiles = (n + CARAT_MATMUL_COLUMNS - 1) / CARAT_MATMUL_COLUMNS;
  UnpackedBlock<G> blocks[kStretch / 32];
  for (std::int64_t k = k_first; k < k_end; k += kStretch) {
    const std::int64_t n_blocks = (k_end - k < kStretch ? k_end - k : kStretch) / 32;
    for (int g = 0; g < G; ++g) {
      const GroupReader<Format> reader(w, index + g);
      for (std::int64_t b = 0; b < n_blocks; ++b) {
        auto& block = blocks[b];
        prefetch_codes<Format>(reader, k + b * 32);
        for_each_weight<Format>(
            reader, k + b * 32, [&](int i, F weight) { store(block.weight[i][g], weight); },
            [&](int i, F weight) { store(block.weight[16 + i][g], weight); });
        read_factors(reader, k + b * 32, block.factors[g]);
      }
    }
    for (std::int64_t tile = 0; tile < n_tiles; ++tile) {
      const std::int64_t c = n * tile / n_tiles;
      add_tile_of<fold_of(Format), G, CARAT_MATMUL_COLUMNS>(
          n * (tile + 1) / n_tiles - c, blocks, n_blocks, x + c * x_stride + k, x_stride,
          x_sums + c * x_sums_stride + k / 16, x_sums_stride, acc + c);
    }
  }
  for (std::int64_t c = 0; c < n; ++c) {
    for (int g = 0; g < G; ++g) store_group(w, index + g, load(acc[c].row[g]), y + c * y_stride);
  }
}
