// The two products of attention for a tile of R query rows on one block of 64 keys. Included by attention-inl.h.
//
// A block's K is [4 groups][head_dim][16 keys], its V [head_dim / 16][64 keys][16 of d] (model/kv_view.h): both are
// read front to back, a few streams at a time. Elements are widened as they are read, once for R rows.

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

// Asks for what will be read a block later, at the same place in it, so that the distance is 16-64 KiB: into L2, since
// a request that waits for memory in L1 holds one of few fill buffers.
template <typename Element>
inline void ask_for(const Element* p, int n_elements) {
  for (int i = 0; i < n_elements; i += static_cast<int>(64 / sizeof(Element))) __builtin_prefetch(p + i, 0, 2);
}

// Accumulators stay in registers only if every loop over them is unrolled from the start.
#define CARAT_UNROLL _Pragma("GCC unroll 8")

// scores[r stride ... + 64] = scale * q_r . k for the groups of 16 keys [first_group, end_group), rounded outwards to
// G: R * G chains over d hide the latency of fma.
template <typename Kv, int R, int G>
inline void score_rows(const float* const* q, const typename Kv::Element* k, const typename Kv::Element* next,
                       std::int64_t head_dim, float scale, int first_group, int end_group, float* scores,
                       std::int64_t stride) {
  const F s = set1(scale);
  const float* rows[R];
  CARAT_UNROLL for (int r = 0; r < R; ++r) rows[r] = q[r];
  for (int g0 = first_group / G * G; g0 < end_group; g0 += G) {
    F acc[R][G];
    CARAT_UNROLL for (int r = 0; r < R; ++r) { CARAT_UNROLL for (int g = 0; g < G; ++g) acc[r][g] = zero(); }
    const typename Kv::Element* base = k + g0 * head_dim * 16;
    const typename Kv::Element* ahead = next + g0 * head_dim * 16;
    for (std::int64_t d = 0; d < head_dim; d += 2) {
      CARAT_UNROLL for (int g = 0; g < G; ++g) ask_for(ahead + (g * head_dim + d) * 16, 32);
      CARAT_UNROLL for (int u = 0; u < 2; ++u) {
        F kv[G];
        CARAT_UNROLL for (int g = 0; g < G; ++g) kv[g] = Kv::load16(base + (g * head_dim + d + u) * 16);
        CARAT_UNROLL for (int r = 0; r < R; ++r) {
          const F qv = set1(rows[r][d + u]);
          CARAT_UNROLL for (int g = 0; g < G; ++g) acc[r][g] = fma(qv, kv[g], acc[r][g]);
        }
      }
    }
    CARAT_UNROLL for (int r = 0; r < R; ++r) {
      CARAT_UNROLL for (int g = 0; g < G; ++g) store(scores + r * stride + (g0 + g) * 16, mul(acc[r][g], s));
    }
  }
}

// out_r[d] = out_r[d] * f_r, then fma over the keys [first, end) of the block, ascending; 16 D values of d from d0.
template <typename Kv, int R, int D>
inline void add_values(float* const* out, const float* f, const float* p, const typename Kv::Element* v,
                       const typename Kv::Element* next, std::int64_t d0, int first, int end) {
  F acc[R][D];
  float* rows[R];
  CARAT_UNROLL for (int r = 0; r < R; ++r) {
    rows[r] = out[r] + d0;
    const F fv = set1(f[r]);
    CARAT_UNROLL for (int i = 0; i < D; ++i) acc[r][i] = mul(load(rows[r] + i * 16), fv);
  }
  const typename Kv::Element* base = v + d0 * kBlockKeys;
  const typename Kv::Element* ahead = next + d0 * kBlockKeys;
  for (int key = first; key < end; ++key) {
    if (key % 2 == 0) {
      CARAT_UNROLL for (int i = 0; i < D; ++i) ask_for(ahead + (i * kBlockKeys + key) * 16, 32);
    }
    F vv[D];
    CARAT_UNROLL for (int i = 0; i < D; ++i) vv[i] = Kv::load16(base + (i * kBlockKeys + key) * 16);
    CARAT_UNROLL for (int r = 0; r < R; ++r) {
      const F pv = set1(p[r * kBlockKeys + key]);
      CARAT_UNROLL for (int i = 0; i < D; ++i) acc[r][i] = fma(pv, vv[i], acc[r][i]);
    }
  }
  CARAT_UNROLL for (int r = 0; r < R; ++r) {
    CARAT_UNROLL for (int i = 0; i < D; ++i) store(rows[r] + i * 16, acc[r][i]);
  }
}

#undef CARAT_UNROLL
