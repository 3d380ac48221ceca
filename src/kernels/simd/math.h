// exp and tanh in f32: our own, so that the same bits come out on every machine. Included inside an ISA namespace.
// Coefficients: minimax polynomials of the Cephes library (S. Moshier); formulas in docs/arithmetic.md 6.

/// exp(x) for n = x / ln 2 to the nearest integer: e^r 2^n, r = x - n ln 2, e^r as a polynomial.
inline F exp_of_reduced(F x, I n) {
  const F nf = to_float(n);
  F r = fma(nf, set1(-0.693359375f), x);  // ln 2 in two parts; the first has few bits, so n * part is exact
  r = fma(nf, set1(2.12194440e-4f), r);
  F p = set1(1.9875691500e-4f);
  p = fma(p, r, set1(1.3981999507e-3f));
  p = fma(p, r, set1(8.3334519073e-3f));
  p = fma(p, r, set1(4.1665795894e-2f));
  p = fma(p, r, set1(1.6666665459e-1f));
  p = fma(p, r, set1(5.0000001201e-1f));
  p = add(fma(mul(r, r), p, r), set1(1.0f));
  return times_power_of_2(p, n);
}

/// exp(x), f32. Error <= 1.1 ulp (1.01 over every float), subnormal results included; below -103.97 exactly 0;
/// above 88.72 infinity; NaN stays NaN.
inline F exp(F x) {
  const F clipped = min(max(x, set1(-104.0f)), set1(89.0f));
  const I n = round_to_int(mul(clipped, set1(1.44269504f)));
  const F y = exp_of_reduced(clipped, n);
  const F low = select(less(x, set1(-103.97208f)), zero(), y);
  const F high = select(less(set1(88.72284f), x), set1(__builtin_inff()), low);
  // Comparisons with NaN are false; x + x restores it.
  return select(less(abs(x), set1(__builtin_inff())), high, select(less(x, zero()), zero(), add(x, x)));
}

/// The bits of exp(x) for x <= 0 or NaN, in half the instructions: softmax's case.
inline F exp_nonpositive(F x) {
  const I n = round_to_int(mul(max(x, set1(-104.0f)), set1(1.44269504f)));
  const F y = exp_of_reduced(x, n);  // x itself, so that NaN stays NaN
  return select(less(x, set1(-103.97208f)), zero(), y);
}

/// tanh(x), f32. Error <= 1.4 ulp (1.33 over every float); odd, so tanh(-0) = -0.
inline F tanh(F x) {
  const F a = abs(x);
  const F x2 = mul(x, x);
  F p = set1(-5.70498872745e-3f);
  p = fma(p, x2, set1(2.06390887954e-2f));
  p = fma(p, x2, set1(-5.37397155531e-2f));
  p = fma(p, x2, set1(1.33314422036e-1f));
  p = fma(p, x2, set1(-3.33332819422e-1f));
  const F small = fma(mul(p, x2), a, a);
  const F e = exp(add(a, a));
  const F big = sub(set1(1.0f), div(set1(2.0f), add(e, set1(1.0f))));
  return or_bits(select(less(a, set1(0.625f)), small, big), sign_of(x));
}
