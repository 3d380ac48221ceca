// Bodies of the row-wise ops, written once against F; included by targets/*.cc inside the ISA namespace.

template <typename Op>
inline void map1(const float* x, std::int64_t n, float* y, Op op) {
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) store(y + i, op(load(x + i)));
  if (i < n) store_partial(y + i, op(load_partial(x + i, static_cast<int>(n - i))), static_cast<int>(n - i));
}

template <typename Op>
inline void map2(const float* a, const float* b, std::int64_t n, float* y, Op op) {
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) store(y + i, op(load(a + i), load(b + i)));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    store_partial(y + i, op(load_partial(a + i, rest), load_partial(b + i, rest)), rest);
  }
}

// Sum of squares: four accumulators of 16 lanes, vector i of the row goes to accumulator i mod 4; a short last vector
// is filled with zeros. ((0 + 1) + (2 + 3)), then the tree over lanes.
inline float sum_of_squares(const float* x, std::int64_t n) {
  F acc[4] = {zero(), zero(), zero(), zero()};
  std::int64_t i = 0;
  int k = 0;
  for (; i + 16 <= n; i += 16) {
    const F v = load(x + i);
    acc[k] = fma(v, v, acc[k]);
    k = (k + 1) & 3;
  }
  if (i < n) {
    const F v = load_partial(x + i, static_cast<int>(n - i));
    acc[k] = fma(v, v, acc[k]);
  }
  return reduce_add(add(add(acc[0], acc[1]), add(acc[2], acc[3])));
}

inline void rms_norm(const float* x, const float* weight, std::int64_t n, float eps, float* y) {
  const float mean = sum_of_squares(x, n) / static_cast<float>(n);
  const F r = set1(1.0f / __builtin_sqrtf(mean + eps));
  if (weight == nullptr) {
    map1(x, n, y, [&](F v) { return mul(v, r); });
  } else {
    map2(x, weight, n, y, [&](F v, F w) { return mul(mul(v, r), w); });
  }
}

// gelu_tanh(u) = u / 2 (1 + tanh(t)) = u / (1 + exp(-2 t)), t = sqrt(2 / pi) (u + 0.044715 u^3).
// exp is held below 2^127 so that u / (1 + exp) ends in a tiny number of the right sign, not in 0 times infinity.
inline F gelu_tanh(F u) {
  const F u2 = mul(u, u);
  const F inner = fma(mul(u2, u), set1(0.044715f), u);
  const F minus_2t = min(mul(inner, set1(-1.5957691216057308f)), set1(88.0f));
  return div(u, add(set1(1.0f), exp(minus_2t)));
}

inline void gelu_mul(const float* gate, const float* up, std::int64_t n, float* y) {
  map2(gate, up, n, y, [](F g, F u) { return mul(gelu_tanh(g), u); });
}
inline void add_rows(const float* a, const float* b, std::int64_t n, float* y) {
  map2(a, b, n, y, [](F u, F v) { return add(u, v); });
}
inline void scale(const float* x, float factor, std::int64_t n, float* y) {
  const F f = set1(factor);
  map1(x, n, y, [&](F v) { return mul(v, f); });
}
inline void scaled_add(const float* x, float factor, std::int64_t n, float* y) {
  const F f = set1(factor);
  map2(x, y, n, y, [&](F v, F sum) { return fma(v, f, sum); });
}
inline void multiply(const float* a, const float* b, std::int64_t n, float* y) {
  map2(a, b, n, y, [](F u, F v) { return mul(u, v); });
}
inline void softcap(const float* x, float cap, std::int64_t n, float* y) {
  const F c = set1(cap);
  map1(x, n, y, [&](F v) { return mul(c, tanh(div(v, c))); });
}

// softmax over n values: maximum, exp of the differences, sums by vectors in ascending order, the tree, a division
// each.
inline void softmax(const float* x, std::int64_t n, float* y) {
  F top = set1(-__builtin_inff());
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) top = max(load(x + i), top);
  float m = reduce_max(top);
  for (; i < n; ++i) m = x[i] > m ? x[i] : m;
  const F mv = set1(m);
  map1(x, n, y, [&](F v) { return exp(sub(v, mv)); });
  F sum = zero();
  for (i = 0; i + 16 <= n; i += 16) sum = add(sum, load(y + i));
  if (i < n) sum = add(sum, load_partial(y + i, static_cast<int>(n - i)));
  const F total = set1(reduce_add(sum));
  map1(y, n, y, [&](F v) { return div(v, total); });
}

// (a, b) -> (a cos - b sin, b cos + a sin) for the pairs (j, j + head_dim / 2), j < n_pairs; the rest is not touched.
inline void rope(float* x, std::int64_t n_heads, std::int64_t head_dim, const float* cos, const float* sin,
                 std::int64_t n_pairs) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t h = 0; h < n_heads; ++h) {
    float* a = x + h * head_dim;
    float* b = a + half;
    std::int64_t j = 0;
    for (; j + 16 <= n_pairs; j += 16) {
      const F av = load(a + j), bv = load(b + j), c = load(cos + j), s = load(sin + j);
      store(a + j, fma(av, c, mul(sub(zero(), bv), s)));
      store(b + j, fma(bv, c, mul(av, s)));
    }
    if (j < n_pairs) {
      const int rest = static_cast<int>(n_pairs - j);
      const F av = load_partial(a + j, rest), bv = load_partial(b + j, rest);
      const F c = load_partial(cos + j, rest), s = load_partial(sin + j, rest);
      store_partial(a + j, fma(av, c, mul(sub(zero(), bv), s)), rest);
      store_partial(b + j, fma(bv, c, mul(av, s)), rest);
    }
  }
}
