// Attention of one tile over paged K/V, block of 64 keys by block of 64 keys (docs/arithmetic.md 5). Included by
// targets/*.cc inside the ISA namespace.
//
// A row's arithmetic never depends on the other rows of its tile: scores are one chain over d a key; the softmax
// runs over the row's own keys; blocks that the row sees only in part are added for it alone.

struct KvF32 {
  using Element = float;
  static F load16(const float* p) { return load(p); }
};
struct KvF16 {
  using Element = std::uint16_t;
  static F load16(const std::uint16_t* p) { return load_f16(p); }
};
struct KvBf16 {
  using Element = std::uint16_t;
  static F load16(const std::uint16_t* p) { return load_bf16(p); }
};

inline constexpr std::int64_t kBlockKeys = 64;

// scores[r][64] = q_r . k for the block, R rows and G groups of 16 keys at a time: R * G accumulators hide the latency
// of the chain over d.
template <typename Kv, int R, int G>
inline void score_rows(const float* const* q, const typename Kv::Element* k, std::int64_t head_dim, float scale,
                       float (*scores)[kBlockKeys]) {
  const F s = set1(scale);
  for (int g0 = 0; g0 < 4; g0 += G) {
    F acc[R][G];
    for (int r = 0; r < R; ++r) {
      for (int g = 0; g < G; ++g) acc[r][g] = zero();
    }
    const typename Kv::Element* base = k + g0 * head_dim * 16;
    for (std::int64_t d = 0; d < head_dim; ++d) {
      F kv[G];
      for (int g = 0; g < G; ++g) kv[g] = Kv::load16(base + (g * head_dim + d) * 16);
      for (int r = 0; r < R; ++r) {
        const F qv = set1(q[r][d]);
        for (int g = 0; g < G; ++g) acc[r][g] = fma(qv, kv[g], acc[r][g]);
      }
    }
    for (int r = 0; r < R; ++r) {
      for (int g = 0; g < G; ++g) store(scores[r] + (g0 + g) * 16, mul(acc[r][g], s));
    }
  }
}

// out_r[d] = out_r[d] * f_r, then fma over the keys [first, end) of the block, ascending.
template <typename Kv, int R, int D>
inline void add_values(float* const* out, const float* f, const float (*p)[kBlockKeys], const typename Kv::Element* v,
                       std::int64_t head_dim, std::int64_t first, std::int64_t end, std::int64_t d0) {
  F acc[R][D];
  for (int r = 0; r < R; ++r) {
    for (int i = 0; i < D; ++i) acc[r][i] = mul(load(out[r] + d0 + i * 16), set1(f[r]));
  }
  for (std::int64_t key = first; key < end; ++key) {
    F vv[D];
    for (int i = 0; i < D; ++i) vv[i] = Kv::load16(v + key * head_dim + d0 + i * 16);
    for (int r = 0; r < R; ++r) {
      const F pv = set1(p[r][key]);
      for (int i = 0; i < D; ++i) acc[r][i] = fma(pv, vv[i], acc[r][i]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int i = 0; i < D; ++i) store(out[r] + d0 + i * 16, acc[r][i]);
  }
}

template <typename Kv, int R>
inline void add_all_values(float* const* out, const float* f, const float (*p)[kBlockKeys],
                           const typename Kv::Element* v, std::int64_t head_dim, std::int64_t first, std::int64_t end) {
  std::int64_t d = 0;
  for (; d + 16 * CARAT_ATTENTION_VECTORS <= head_dim; d += 16 * CARAT_ATTENTION_VECTORS) {
    add_values<Kv, R, CARAT_ATTENTION_VECTORS>(out, f, p, v, head_dim, first, end, d);
  }
  for (; d < head_dim; d += 16) add_values<Kv, R, 1>(out, f, p, v, head_dim, first, end, d);
}

// Scores to probabilities of one row in one block: p = exp(s - m'), l = l f + sum p; returns f = exp(m - m').
inline float softmax_block(float* scores, std::int64_t first, std::int64_t end, float* m, float* l) {
  for (std::int64_t i = 0; i < first; ++i) scores[i] = -1e30f;
  for (std::int64_t i = end; i < kBlockKeys; ++i) scores[i] = -1e30f;
  const F s0 = load(scores), s1 = load(scores + 16), s2 = load(scores + 32), s3 = load(scores + 48);
  const float block_max = reduce_max(max(max(s0, s1), max(s2, s3)));
  const float new_m = *m > block_max ? *m : block_max;
  const F mv = set1(new_m);
  const F p0 = exp(sub(s0, mv)), p1 = exp(sub(s1, mv)), p2 = exp(sub(s2, mv)), p3 = exp(sub(s3, mv));
  store(scores, p0);
  store(scores + 16, p1);
  store(scores + 32, p2);
  store(scores + 48, p3);
  float lanes[16];
  store(lanes, exp(set1(*m - new_m)));
  const float f = lanes[0];
  *l = __builtin_fmaf(*l, f, reduce_add(add(add(p0, p1), add(p2, p3))));
  *m = new_m;
  return f;
}

template <typename Kv, int R>
inline void attention_rows(const AttentionTile& tile, int first_row) {
  using Element = typename Kv::Element;
  constexpr std::int64_t kNoKey = std::int64_t{1} << 62;
  const std::int64_t head_dim = tile.head_dim;
  float m[R], l[R];
  const float* q[R];
  float* out[R];
  std::int64_t first_key = kNoKey, end_key = 0;
  for (int r = 0; r < R; ++r) {
    m[r] = -__builtin_inff();
    l[r] = 0.0f;
    q[r] = tile.q[first_row + r];
    out[r] = tile.out[first_row + r];
    for (std::int64_t d = 0; d < head_dim; d += 16) store(out[r] + d, zero());
    if (tile.first_key[first_row + r] < first_key) first_key = tile.first_key[first_row + r];
    if (tile.end_key[first_row + r] > end_key) end_key = tile.end_key[first_row + r];
  }
  alignas(64) float scores[R][kBlockKeys];
  for (std::int64_t block = first_key / kBlockKeys; block * kBlockKeys < end_key; ++block) {
    const auto* k = reinterpret_cast<const Element*>(tile.pages[block] + tile.head_offset);
    const Element* v = k + kBlockKeys * head_dim;
    score_rows<Kv, R, CARAT_ATTENTION_GROUPS>(q, k, head_dim, tile.scale, scores);
    float f[R] = {};
    std::int64_t first[R], end[R];
    bool all_whole = true;
    for (int r = 0; r < R; ++r) {
      const std::int64_t lo = tile.first_key[first_row + r] - block * kBlockKeys;
      const std::int64_t hi = tile.end_key[first_row + r] - block * kBlockKeys;
      first[r] = lo > 0 ? lo : 0;
      end[r] = hi < kBlockKeys ? hi : kBlockKeys;
      if (first[r] < end[r]) f[r] = softmax_block(scores[r], first[r], end[r], &m[r], &l[r]);
      all_whole = all_whole && first[r] == 0 && end[r] == kBlockKeys;
    }
    if (all_whole) {
      add_all_values<Kv, R>(out, f, scores, v, head_dim, 0, kBlockKeys);
    } else {
      for (int r = 0; r < R; ++r) {
        if (first[r] < end[r]) add_all_values<Kv, 1>(out + r, f + r, scores + r, v, head_dim, first[r], end[r]);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    const F total = set1(l[r]);
    for (std::int64_t d = 0; d < head_dim; d += 16) store(out[r] + d, div(load(out[r] + d), total));
  }
}

template <typename Kv>
inline void attention_tile(const AttentionTile& tile) {
  int row = 0;
  for (; row + CARAT_ATTENTION_ROWS <= tile.n_rows; row += CARAT_ATTENTION_ROWS) {
    attention_rows<Kv, CARAT_ATTENTION_ROWS>(tile, row);
  }
  if constexpr (CARAT_ATTENTION_ROWS > 4) {
    for (; row + 4 <= tile.n_rows; row += 4) attention_rows<Kv, 4>(tile, row);
  }
  for (; row + 2 <= tile.n_rows; row += 2) attention_rows<Kv, 2>(tile, row);
  for (; row < tile.n_rows; ++row) attention_rows<Kv, 1>(tile, row);
}

inline void attention(const AttentionTile& tile) {
  switch (tile.kv_type) {
    case 0:
      return attention_tile<KvF32>(tile);
    case 1:
      return attention_tile<KvF16>(tile);
    default:
      return attention_tile<KvBf16>(tile);
  }
}
