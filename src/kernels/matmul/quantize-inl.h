// Activations to int8 (docs/arithmetic.md, `fast`). Included by targets/*.cc inside the ISA namespace.

// q[b, i] = nearest even (x[b, i] / d[b]), d[b] = max |x[b, :]| / 127; values beyond n are zero.
inline void quantize(const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d) {
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    const std::int64_t left = n - b * 32;
    F v0 = zero(), v1 = zero();
    if (left >= 32) {
      v0 = load(x + b * 32);
      v1 = load(x + b * 32 + 16);
    } else if (left > 0) {
      v0 = load_partial(x + b * 32, left < 16 ? static_cast<int>(left) : 16);
      if (left > 16) v1 = load_partial(x + b * 32 + 16, static_cast<int>(left - 16));
    }
    const float scale = reduce_max(max(abs(v0), abs(v1))) / 127.0f;
    d[b] = scale;
    float rounded[32] = {};
    if (scale > 0.0f) {
      const F s = set1(scale);
      store(rounded, to_float(round_to_int(div(v0, s))));
      store(rounded + 16, to_float(round_to_int(div(v1, s))));
    }
    for (int i = 0; i < 32; ++i) q[b * 32 + i] = static_cast<std::int8_t>(rounded[i]);
  }
}
