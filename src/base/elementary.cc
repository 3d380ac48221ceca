#include "base/elementary.h"

#include <bit>
#include <cstdint>
#include <limits>

#include "base/double_double-inl.h"

namespace carat {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// ln 2 = hi + lo; hi has 42 bits, so that k * hi is exact for |k| <= 2^11.
constexpr double kLn2Hi = 0x1.62e42fefa3800p-1;
constexpr double kLn2Lo = 0x1.ef35793c76730p-45;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;

double magnitude(double x) { return x < 0 ? -x : x; }

/// Nearest integer, ties to even, for |x| < 2^51: the addition leaves no room for a fraction.
double round_to_integer(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

/// 2^k, -1022 <= k <= 1023.
double power_of_two(std::int64_t k) { return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52); }

/// x * 2^k in two steps, since 2^k alone may not be representable; at most the second step rounds.
double scale_by_power_of_two(double x, std::int64_t k) {
  const std::int64_t half = k >> 1;
  return x * power_of_two(half) * power_of_two(k - half);
}

/// e^(hi + lo) = 2^k (1 + p), |p| < 0.42; |hi| <= 746, |lo| far below hi.
struct ScaledExp {
  std::int64_t k;
  double p;
};

ScaledExp scaled_exp(double hi, double lo) {
  const double k = round_to_integer(hi * kLog2E);
  const double a = hi - k * kLn2Hi;  // exact
  const double b = lo - k * kLn2Lo;
  const double r = a + b;
  const double c = (a - r) + b;  // what r lost
  // (e^r - 1 - r) / r^2 = 1/2! + r/3! + ... + r^11/13!; |r| <= 0.3466, the next term is below 2^-60.
  double q = 1.0 / 6227020800;
  q = q * r + 1.0 / 479001600;
  q = q * r + 1.0 / 39916800;
  q = q * r + 1.0 / 3628800;
  q = q * r + 1.0 / 362880;
  q = q * r + 1.0 / 40320;
  q = q * r + 1.0 / 5040;
  q = q * r + 1.0 / 720;
  q = q * r + 1.0 / 120;
  q = q * r + 1.0 / 24;
  q = q * r + 1.0 / 6;
  q = q * r + 0.5;
  return {static_cast<std::int64_t>(k), r + (r * r * q + (c + c * r))};
}

/// e^(hi + lo) with overflow and underflow; hi is not NaN.
double exp_of(double hi, double lo) {
  if (hi > 710) return kInfinity;
  if (hi < -746) return 0;
  const ScaledExp e = scaled_exp(hi, lo);
  return scale_by_power_of_two(1 + e.p, e.k);
}

/// x = 2^k (1 + f) with 1 + f in (sqrt(1/2), sqrt(2)]; x positive and finite. f is exact.
struct Split {
  double k;
  double f;
};

Split split_mantissa(double x) {
  std::int64_t k = 0;
  if (x < 0x1p-1022) {  // subnormal
    x *= 0x1p54;
    k = -54;
  }
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  k += static_cast<std::int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFull) | 0x3FF0000000000000ull);
  if (m > kSqrt2) {
    m *= 0.5;
    ++k;
  }
  return {static_cast<double>(k), m - 1};
}

/// log(x) to about 2^-67 relative, for pow: with s = f / (2 + f) and z = s^2,
/// log(1 + f) = 2 s (1 + z/3 + z^2/5 + z^3/7 + ...), the first two coefficients in double-double; z < 0.0295.
DoubleDouble log_double_double(double x) {
  const auto [k, f] = split_mantissa(x);
  const DoubleDouble d = two_sum(2.0, f);
  const double s0 = f / d.hi;
  const DoubleDouble back = two_product(s0, d.hi);
  const DoubleDouble s = {s0, (((f - back.hi) - back.lo) - s0 * d.lo) / d.hi};
  const DoubleDouble z = multiply(s, s);
  double tail = 1.0 / 27;  // 1/7 + z/9 + ... + z^10/27
  for (int n = 25; n >= 7; n -= 2) tail = tail * z.hi + 1.0 / n;
  const DoubleDouble fifth = add({0x1.999999999999ap-3, -0x1.999999999999ap-57}, {tail * z.hi, tail * z.lo});
  const DoubleDouble third = add({0x1.5555555555555p-2, 0x1.5555555555555p-56}, multiply(z, fifth));
  const DoubleDouble series = add({1.0, 0.0}, multiply(z, third));
  const DoubleDouble log_m = multiply({2 * s.hi, 2 * s.lo}, series);
  return add({k * kLn2Hi, k * kLn2Lo}, log_m);
}

bool is_integer(double y) { return magnitude(y) >= 0x1p52 || round_to_integer(y) == y; }
bool is_odd_integer(double y) { return is_integer(y) && magnitude(y) < 0x1p53 && !is_integer(y * 0.5); }

/// x^y for x > 0 finite, y finite.
double pow_positive(double x, double y) {
  const DoubleDouble log_x = log_double_double(x);
  const double estimate = y * log_x.hi;
  if (estimate > 710) return kInfinity;
  if (estimate < -746) return 0;
  const DoubleDouble product = two_product(y, log_x.hi);  // |y| < 2^63 here, as |log x| >= 2^-53
  return exp_of(product.hi, product.lo + y * log_x.lo);
}

}  // namespace

double exp_f64(double x) { return x != x ? x : exp_of(x, 0); }

double log_f64(double x) {
  if (x != x || x == kInfinity) return x;
  if (x <= 0) return x == 0 ? -kInfinity : kNaN;
  const auto [k, f] = split_mantissa(x);
  const double s = f / (2 + f);
  const double z = s * s;
  double tail = 2.0 / 25;  // 2/3 + 2 z/5 + ... + 2 z^11/25
  for (int n = 23; n >= 3; n -= 2) tail = tail * z + 2.0 / n;
  // 2 s = f - s f and s f = f^2/2 - s f^2/2 keep the large part, f, free of rounding.
  const double half_square = 0.5 * f * f;
  const double small = s * (half_square + z * tail) + k * kLn2Lo;
  return k * kLn2Hi - ((half_square - small) - f);
}

double pow_f64(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return kNaN;
  if (magnitude(y) == kInfinity) {
    if (x == -1) return 1;
    return (magnitude(x) > 1) == (y > 0) ? kInfinity : 0;
  }
  const bool negative = std::bit_cast<std::int64_t>(x) < 0 && is_odd_integer(y);
  const double sign = negative ? -1.0 : 1.0;
  if (x == 0) return y > 0 ? sign * 0.0 : sign * kInfinity;
  if (magnitude(x) == kInfinity) return y > 0 ? sign * kInfinity : sign * 0.0;
  if (x < 0 && !is_integer(y)) return kNaN;
  return sign * pow_positive(magnitude(x), y);
}

double tanh_f64(double x) {
  if (x != x || x == 0) return x;
  const double a = magnitude(x);
  double y = 1;
  if (a < 22) {  // tanh(a) = t / (t + 2) with t = e^(2a) - 1, which cancels nothing
    const ScaledExp e = scaled_exp(2 * a, 0);
    const double power = power_of_two(e.k);
    const double t = e.k == 0 ? e.p : power * e.p + (power - 1);
    y = t / (t + 2);
  }
  return x < 0 ? -y : y;
}

SinCos sincos_f64(double x) {
  const double a = magnitude(x);
  if (!(a <= 0x1p20)) return {kNaN, kNaN};
  // Cody and Waite: pi/2 in three parts of 33 bits, whose products with k < 2^20 are exact, and a rest.
  const double k = round_to_integer(a * 0x1.45f306dc9c883p-1);
  const double first = a - k * 0x1.921fb54400000p+0;  // exact
  const DoubleDouble second = two_sum(first, -(k * 0x1.0b4611a600000p-34));
  const DoubleDouble third = two_sum(second.hi, -(k * 0x1.3198a2e000000p-69));
  const double rest = (second.lo + third.lo) - k * 0x1.b839a252049c1p-104;
  const double r = third.hi + rest;
  const double c = (third.hi - r) + rest;  // what r lost
  const double z = r * r;

  double s = 1.0 / 355687428096000;  // (sin r - r) / r^3 = -1/3! + z/5! - ... + z^7/17!; |r| <= 0.7855
  s = s * z - 1.0 / 1307674368000;
  s = s * z + 1.0 / 6227020800;
  s = s * z - 1.0 / 39916800;
  s = s * z + 1.0 / 362880;
  s = s * z - 1.0 / 5040;
  s = s * z + 1.0 / 120;
  s = s * z - 1.0 / 6;
  const double sine = r + (r * z * s + c * (1 - 0.5 * z));

  double q = 1.0 / 20922789888000;  // (cos r - 1 + z/2) / z^2 = 1/4! - z/6! + ... + z^6/16!
  q = q * z - 1.0 / 87178291200;
  q = q * z + 1.0 / 479001600;
  q = q * z - 1.0 / 3628800;
  q = q * z + 1.0 / 40320;
  q = q * z - 1.0 / 720;
  q = q * z + 1.0 / 24;
  const double half = 0.5 * z;
  const double w = 1 - half;
  const double cosine = w + (((1 - w) - half) + (z * z * q - r * c));

  SinCos y{sine, cosine};
  switch (static_cast<std::int64_t>(k) & 3) {
    case 1:
      y = {cosine, -sine};
      break;
    case 2:
      y = {-sine, -cosine};
      break;
    case 3:
      y = {-cosine, sine};
      break;
    default:
      break;
  }
  if (x < 0 || x == 0) y.sin = x == 0 ? x : -y.sin;
  return y;
}

}  // namespace carat
