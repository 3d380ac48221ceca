// Activations to int8 (docs/arithmetic.md, `fast`). Included by targets/*.cc inside the ISA namespace.

// q[b, i] = nearest even (x[b, i] / d[b]), d[b] = max |x[b, :]| / 127; values beyond n are zero. A subnormal d may be
// too small: q ends at 127. When a value is not finite, nor is d, and q is 0. sums: of 16 q each.
inline void quantize(const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d,
                     std::int32_t* sums) {
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
    // Magnitudes compared as bits: NaN is above infinity is above all numbers, so neither gets lost.
    const std::int32_t top = reduce_max_i(max_i(float_to_bits(abs(v0)), float_to_bits(abs(v1))));
    float largest;
    __builtin_memcpy(&largest, &top, sizeof largest);
    const float scale = largest / 127.0f;
    d[b] = scale;
    I q0 = set1_i(0), q1 = set1_i(0);
    if (scale > 0.0f && scale < __builtin_inff()) {
      const F s = set1(scale);
      q0 = round_to_int(max(min(div(v0, s), most), least));
      q1 = round_to_int(max(min(div(v1, s), most), least));
    }
    store_i8(q + b * 32, q0);
    store_i8(q + b * 32 + 16, q1);
    sums[2 * b] = reduce_add_i(q0);
    sums[2 * b + 1] = reduce_add_i(q1);
  }
}
