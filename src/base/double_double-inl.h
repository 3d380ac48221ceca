#pragma once

namespace carat {

/// An unevaluated sum hi + lo of two doubles, |lo| <= ulp(hi) / 2: about 106 bits. Knuth's and Dekker's operations,
/// from additions and multiplications only, so that the bits need no fused multiply-add.
/// Arguments are far from overflow (|x| < 2^990).
struct DoubleDouble {
  double hi;
  double lo;
};

/// a + b exactly.
inline DoubleDouble two_sum(double a, double b) {
  const double s = a + b;
  const double b_part = s - a;
  return {s, (a - (s - b_part)) + (b - b_part)};
}

/// a * b exactly (barring underflow): each factor is cut into halves of 26 bits.
inline DoubleDouble two_product(double a, double b) {
  constexpr double kSplit = 134217729.0;  // 2^27 + 1
  const double a_wide = a * kSplit;
  const double a_hi = a_wide - (a_wide - a);
  const double a_lo = a - a_hi;
  const double b_wide = b * kSplit;
  const double b_hi = b_wide - (b_wide - b);
  const double b_lo = b - b_hi;
  const double p = a * b;
  return {p, ((a_hi * b_hi - p) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
}

inline DoubleDouble add(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble s = two_sum(a.hi, b.hi);
  const double lo = s.lo + (a.lo + b.lo);
  const double hi = s.hi + lo;
  return {hi, (s.hi - hi) + lo};
}

inline DoubleDouble multiply(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble p = two_product(a.hi, b.hi);
  const double lo = p.lo + (a.hi * b.lo + a.lo * b.hi);
  const double hi = p.hi + lo;
  return {hi, (p.hi - hi) + lo};
}

}  // namespace carat
