// Attention over paged K/V, block of 64 keys by block of 64 keys (docs/arithmetic.md 5). Included by targets/*.cc
// inside the ISA namespace after attention_tile-inl.h.
//
// A row's arithmetic never depends on the other rows: scores are one chain over d a key, the softmax runs over the
// row's own keys, and values are added by runs of rows that see the same keys of a block. Rows of one query see the
// same keys, so a run is all of a tile but at the edges of a chunk.

// Independent chains of fma a tile keeps: R rows times this many vectors.
template <int R>
inline constexpr int kTileVectors = CARAT_ATTENTION_CHAINS / R < 4 ? CARAT_ATTENTION_CHAINS / R : 4;

struct VisibleKeys {
  int first, end;  // within the block; first >= end: none
};
inline VisibleKeys visible_keys(const AttentionTile& tile, int row, std::int64_t block) {
  const std::int64_t first = tile.first_key[row] - block * kBlockKeys, end = tile.end_key[row] - block * kBlockKeys;
  return {static_cast<int>(first < 0            ? 0
                           : first > kBlockKeys ? kBlockKeys
                                                : first),
          static_cast<int>(end > kBlockKeys ? kBlockKeys
                           : end < 0        ? 0
                                            : end)};
}

template <typename Kv>
struct BlockOf {
  const typename Kv::Element *k, *v;
};
template <typename Kv>
inline BlockOf<Kv> block_of(const AttentionTile& tile, std::int64_t block) {
  const auto* k = reinterpret_cast<const typename Kv::Element*>(tile.pages[block] + tile.head_offset);
  return {k, k + kBlockKeys * tile.head_dim};
}

// Scores of the rows [row, row + n) of the tile in one block, R at a time.
template <typename Kv, int R = CARAT_ATTENTION_ROWS>
inline void score_block(const AttentionTile& tile, std::int64_t block, int row, int n, const typename Kv::Element* k,
                        const typename Kv::Element* next, float* scores, std::int64_t stride) {
  for (; n >= R; row += R, n -= R) {
    int first = kBlockKeys, end = 0;
    for (int r = row; r < row + R; ++r) {
      const VisibleKeys keys = visible_keys(tile, r, block);
      if (keys.first >= keys.end) continue;
      first = keys.first < first ? keys.first : first;
      end = keys.end > end ? keys.end : end;
    }
    score_rows<Kv, R, kTileVectors<R>>(tile.q + row, k, next, tile.head_dim, tile.scale, first / 16, (end + 15) / 16,
                                       scores + row * stride, stride);
  }
  if constexpr (R > 1) score_block<Kv, R / 2>(tile, block, row, n, k, next, scores, stride);
}

// Where a span of values adds up: rows of d in [first_d, end_d), each pointer at d = 0.
struct Sums {
  float* const* out;
  std::int64_t first_d, end_d;
};

// out = out f + p V for a run of rows with the same visible keys.
template <typename Kv, int R = CARAT_ATTENTION_ROWS>
inline void add_run(const Sums& sums, int row, int n, VisibleKeys keys, const float* f, const float* p,
                    const typename Kv::Element* v, const typename Kv::Element* next) {
  constexpr int D = kTileVectors<R>;
  for (; n >= R; row += R, n -= R) {
    std::int64_t d = sums.first_d;
    for (; d + 16 * D <= sums.end_d; d += 16 * D) {
      add_values<Kv, R, D>(sums.out + row, f + row, p + row * kBlockKeys, v, next, d, keys.first, keys.end);
    }
    for (; d < sums.end_d; d += 16) {
      add_values<Kv, R, 1>(sums.out + row, f + row, p + row * kBlockKeys, v, next, d, keys.first, keys.end);
    }
  }
  if constexpr (R > 1) add_run<Kv, R / 2>(sums, row, n, keys, f, p, v, next);
}

template <typename Kv>
inline void add_block(const AttentionTile& tile, const Sums& sums, std::int64_t block, const float* f, const float* p,
                      const typename Kv::Element* v, const typename Kv::Element* next) {
  for (int row = 0; row < tile.n_rows;) {
    const VisibleKeys keys = visible_keys(tile, row, block);
    int end = row + 1;
    for (; end < tile.n_rows; ++end) {
      const VisibleKeys more = visible_keys(tile, end, block);
      if (more.first != keys.first || more.end != keys.end) break;
    }
    if (keys.first < keys.end) add_run<Kv>(sums, row, end - row, keys, f, p, v, next);
    row = end;
  }
}

inline constexpr float kLanes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

inline F only_visible(F s, VisibleKeys keys, int first_lane) {
  const F lane = add(set1(static_cast<float>(first_lane)), load(kLanes));
  const F hidden = set1(-1e30f);
  s = select(less(lane, set1(static_cast<float>(keys.end))), s, hidden);
  return select(less(lane, set1(static_cast<float>(keys.first))), hidden, s);
}

// One row in one block: scores to p = exp(s - m') in place, m to m' = max(m, max s); returns the sum of p.
inline float softmax_block(float* scores, VisibleKeys keys, float* m) {
  F s[4];
  for (int g = 0; g < 4; ++g) s[g] = load(scores + 16 * g);
  if (keys.first > 0 || keys.end < kBlockKeys) {
    for (int g = 0; g < 4; ++g) s[g] = only_visible(s[g], keys, 16 * g);
  }
  const float largest = reduce_max(max(max(s[0], s[1]), max(s[2], s[3])));
  *m = *m > largest ? *m : largest;
  const F mv = set1(*m);
  for (int g = 0; g < 4; ++g) {
    s[g] = exp_nonpositive(sub(s[g], mv));
    store(scores + 16 * g, s[g]);
  }
  return reduce_add(add(add(s[0], s[1]), add(s[2], s[3])));
}

// For up to 16 (row, block) pairs with maxima before and after: f = exp(m - m').
inline void rescale_factors(const float* m, const float* new_m, float* f) {
  store(f, exp_nonpositive(sub(load(m), load(new_m))));
}

// The whole tile, K and V of a block one after the other.
template <typename Kv>
inline void attention_of(const AttentionTile& tile) {
  constexpr int kRows = AttentionTile::kMaxRows;
  alignas(64) float scores[kRows * kBlockKeys];
  alignas(64) float m[kRows], new_m[kRows], f[kRows];
  float l[kRows];
  std::int64_t first_key = tile.first_key[0], end_key = 0;
  for (int r = 0; r < kRows; ++r) m[r] = new_m[r] = -__builtin_inff();
  for (int r = 0; r < tile.n_rows; ++r) {
    l[r] = 0.0f;
    first_key = tile.first_key[r] < first_key ? tile.first_key[r] : first_key;
    end_key = tile.end_key[r] > end_key ? tile.end_key[r] : end_key;
  }
  for (int r = 0; r < tile.n_rows; ++r) {
    for (std::int64_t d = 0; d < tile.head_dim; d += 16) store(tile.out[r] + d, zero());
  }
  const Sums sums{tile.out, 0, tile.head_dim};
  const std::int64_t last = (end_key - 1) / kBlockKeys;
  for (std::int64_t block = first_key / kBlockKeys; block <= last; ++block) {
    const BlockOf<Kv> kv = block_of<Kv>(tile, block), next = block_of<Kv>(tile, block < last ? block + 1 : block);
    score_block<Kv>(tile, block, 0, tile.n_rows, kv.k, kv.v, scores, kBlockKeys);
    for (int r0 = 0; r0 < tile.n_rows; r0 += 16) {
      const int end = r0 + 16 < tile.n_rows ? r0 + 16 : tile.n_rows;
      float sum[16] = {};
      bool sees[16] = {};
      for (int r = r0; r < end; ++r) {
        const VisibleKeys keys = visible_keys(tile, r, block);
        sees[r - r0] = keys.first < keys.end;
        if (sees[r - r0]) sum[r - r0] = softmax_block(scores + r * kBlockKeys, keys, new_m + r);
      }
      rescale_factors(m + r0, new_m + r0, f + r0);
      for (int r = r0; r < end; ++r) {
        if (sees[r - r0]) l[r] = __builtin_fmaf(l[r], f[r], sum[r - r0]);
        m[r] = new_m[r];
      }
    }
    add_block<Kv>(tile, sums, block, f, scores, kv.v, next.k);
  }
  for (int r = 0; r < tile.n_rows; ++r) {
    for (std::int64_t d = 0; d < tile.head_dim; d += 16) store(tile.out[r] + d, div(load(tile.out[r] + d), set1(l[r])));
  }
}

template <typename Kv>
inline void attention_scores_of(const AttentionTile& tile, const AttentionSplit& split, std::int64_t first,
                                std::int64_t end) {
  for (std::int64_t block = first; block < end; ++block) {
    score_block<Kv>(tile, block, 0, tile.n_rows, block_of<Kv>(tile, block).k,
                    block_of<Kv>(tile, block + 1 < end ? block + 1 : block).k,
                    split.scores + (block - split.first_block) * kBlockKeys, split.stride);
  }
}

// Sums of one span stand on the stack: rows of two threads in neighbouring lines of `out` would go back and forth
// between their caches, with every line that the hardware fetches ahead.
template <typename Kv>
inline void attention_values_of(const AttentionTile& tile, const AttentionSplit& split, std::int64_t first_d,
                                std::int64_t end_d) {
  constexpr std::int64_t kPart = AttentionSplit::kMaxD;
  alignas(64) float o[AttentionSplit::kMaxRows * kPart], p[AttentionSplit::kMaxRows * kBlockKeys];
  float f[AttentionSplit::kMaxRows];
  float* rows[AttentionSplit::kMaxRows];
  for (; first_d < end_d; first_d += kPart) {
    const std::int64_t n_d = end_d - first_d < kPart ? end_d - first_d : kPart;
    for (int r = 0; r < tile.n_rows; ++r) {
      rows[r] = o + r * n_d - first_d;
      for (std::int64_t d = first_d; d < first_d + n_d; d += 16) {
        store(rows[r] + d, split.is_first ? zero() : load(tile.out[r] + d));
      }
    }
    const Sums sums{rows, first_d, first_d + n_d};
    for (std::int64_t block = split.first_block; block < split.end_block; ++block) {
      const std::int64_t next = block + 1 < split.end_block ? block + 1 : block;
      const std::int64_t at = block - split.first_block;
      for (int r = 0; r < tile.n_rows; ++r) {
        f[r] = split.factors[r * split.factor_stride + at];
        const float* scores = split.scores + r * split.stride + at * kBlockKeys;
        for (int i = 0; i < kBlockKeys; i += 16) store(p + r * kBlockKeys + i, load(scores + i));
        ask_for(scores + (next - block) * kBlockKeys, kBlockKeys);
      }
      add_block<Kv>(tile, sums, block, f, p, block_of<Kv>(tile, block).v, block_of<Kv>(tile, next).v);
    }
    for (int r = 0; r < tile.n_rows; ++r) {
      for (std::int64_t d = first_d; d < first_d + n_d; d += 16) {
        const F sum = load(rows[r] + d);
        store(tile.out[r] + d, split.is_last ? div(sum, set1(split.l[r])) : sum);
      }
    }
  }
}

inline void attention(const AttentionTile& tile) {
  switch (tile.kv_type) {
    case 0:
      return attention_of<KvF32>(tile);
    case 1:
      return attention_of<KvF16>(tile);
    default:
      return attention_of<KvBf16>(tile);
  }
}

inline void attention_scores(const AttentionTile& tile, const AttentionSplit& split, std::int64_t first_block,
                             std::int64_t end_block) {
  switch (tile.kv_type) {
    case 0:
      return attention_scores_of<KvF32>(tile, split, first_block, end_block);
    case 1:
      return attention_scores_of<KvF16>(tile, split, first_block, end_block);
    default:
      return attention_scores_of<KvBf16>(tile, split, first_block, end_block);
  }
}

// 16 blocks at a time, whose factors are one exp.
inline void attention_weights(const AttentionTile& tile, const AttentionSplit& split, int row) {
  float last_m = split.is_first ? -__builtin_inff() : split.m[row];
  float l = split.is_first ? 0.0f : split.l[row];
  for (std::int64_t b0 = split.first_block; b0 < split.end_block; b0 += 16) {
    const int n = static_cast<int>(split.end_block - b0 < 16 ? split.end_block - b0 : 16);
    float m[16] = {}, new_m[16] = {}, f[16], sum[16] = {};
    for (int i = 0; i < n; ++i) {
      const VisibleKeys keys = visible_keys(tile, row, b0 + i);
      m[i] = new_m[i] = last_m;
      if (keys.first >= keys.end) continue;
      float* scores = split.scores + row * split.stride + (b0 + i - split.first_block) * kBlockKeys;
      sum[i] = softmax_block(scores, keys, new_m + i);
      last_m = new_m[i];
    }
    rescale_factors(m, new_m, f);
    for (int i = 0; i < n; ++i) {
      const VisibleKeys keys = visible_keys(tile, row, b0 + i);
      if (keys.first >= keys.end) continue;
      l = __builtin_fmaf(l, f[i], sum[i]);
      split.factors[row * split.factor_stride + b0 + i - split.first_block] = f[i];
    }
  }
  split.m[row] = last_m;
  split.l[row] = l;
}

inline void attention_values(const AttentionTile& tile, const AttentionSplit& split, std::int64_t first_d,
                             std::int64_t end_d) {
  switch (tile.kv_type) {
    case 0:
      return attention_values_of<KvF32>(tile, split, first_d, end_d);
    case 1:
      return attention_values_of<KvF16>(tile, split, first_d, end_d);
    default:
      return attention_values_of<KvBf16>(tile, split, first_d, end_d);
  }
}
