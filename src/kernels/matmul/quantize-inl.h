// Activations to int8 (docs/arithmetic.md, `fast`). Included by targets/*.cc inside the ISA namespace.

// Largest magnitude of 32 values, compared as bits: NaN is above infinity is above all numbers, so neither gets lost.
inline float largest_magnitude(F v0, F v1) {
  float magnitude[32];
  store(magnitude, abs(v0));
  store(magnitude + 16, abs(v1));
  std::int32_t top = 0;
  for (int i = 0; i < 32; ++i) {
    std::int32_t bits;
    __builtin_memcpy(&bits, &magnitude[i], sizeof bits);
    top = bits > top ? bits : top;
  }
  float largest;
  __builtin_memcpy(&largest, &top, sizeof largest);
  return largest;
}

// q[b, i] = nearest even (x[b, i] / d[b]), d[b] = max |x[b, :]| / 127; values beyond n are zero. A subnormal d may be
// too small: q ends at 127. When a value is not finite, nor is d, and q is 0.
inline void quantize(const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d) {
  const F most = set1(127.0f), least = set1(-127.0f);
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
    const float scale = largest_magnitude(v0, v1) / 127.0f;
    d[b] = scale;
    float rounded[32] = {};
    if (scale > 0.0f && scale < __builtin_inff()) {
      const F s = set1(scale);
      store(rounded, to_float(round_to_int(max(min(div(v0, s), most), least))));
      store(rounded + 16, to_float(round_to_int(max(min(div(v1, s), most), least))));
    }
    for (int i = 0; i < 32; ++i) q[b * 32 + i] = static_cast<std::int8_t>(rounded[i]);
  }
}
