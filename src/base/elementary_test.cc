#include "base/elementary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/rng.h"

namespace carat {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kPoints = 200'000;

double uniform(double low, double high, int i) {
  return low + (high - low) * uniform_at(42, 0, static_cast<std::uint64_t>(i));
}

/// |y - exact| in units of the last place of the double nearest to exact.
double ulps(double y, long double exact) {
  const double nearest = static_cast<double>(exact);
  const double ulp = std::nextafter(std::fabs(nearest), kInf) - std::fabs(nearest);
  return static_cast<double>(std::fabs((static_cast<long double>(y) - exact) / ulp));
}

template <typename F, typename G>
double worst_ulps(F ours, G exact, double low, double high) {
  double worst = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double x = uniform(low, high, i);
    worst = std::max(worst, ulps(ours(x), exact(static_cast<long double>(x))));
  }
  return worst;
}

#if LDBL_MANT_DIG >= 64  // elsewhere long double is no sharper than what is tested
TEST(Elementary, ExpWithinOneUlp) {
  const auto exact = [](long double x) { return std::exp(x); };
  EXPECT_LE(worst_ulps(exp_f64, exact, -1, 1), 1.0);
  EXPECT_LE(worst_ulps(exp_f64, exact, -40, 40), 1.0);
  EXPECT_LE(worst_ulps(exp_f64, exact, -708, 709.7), 1.0);
  EXPECT_LE(worst_ulps(exp_f64, exact, -745, -708), 1.0);  // subnormal results
}

TEST(Elementary, LogWithinOneUlp) {
  const auto exact = [](long double x) { return std::log(x); };
  EXPECT_LE(worst_ulps(log_f64, exact, 0.5, 2), 1.0);
  EXPECT_LE(worst_ulps(log_f64, exact, 0.999, 1.001), 1.0);
  EXPECT_LE(worst_ulps(log_f64, exact, 0, 1e6), 1.0);
  EXPECT_LE(worst_ulps(log_f64, exact, 0, 1e300), 1.0);
  EXPECT_LE(worst_ulps(log_f64, exact, 0, 1e-310), 1.0);
}

TEST(Elementary, PowWithinOneUlp) {
  double worst = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double x = exp_f64(uniform(-20, 20, 2 * i));
    const double y = uniform(-34, 34, 2 * i + 1);
    worst = std::max(worst, ulps(pow_f64(x, y), std::pow(static_cast<long double>(x), static_cast<long double>(y))));
  }
  EXPECT_LE(worst, 1.0);
  worst = 0;
  for (const double base : {1e4, 1e6}) {  // rotary frequencies
    for (int j = 0; j < 256; ++j) {
      const double y = -2.0 * j / 512;
      worst = std::max(worst,
                       ulps(pow_f64(base, y), std::pow(static_cast<long double>(base), static_cast<long double>(y))));
    }
  }
  EXPECT_LE(worst, 1.0);
  worst = 0;
  for (int i = 0; i < kPoints; ++i) {  // near 1 with large exponents, where the logarithm's digits count
    const double x = uniform(0.99999, 1.00001, 2 * i);
    const double y = uniform(-6e7, 6e7, 2 * i + 1);
    worst = std::max(worst, ulps(pow_f64(x, y), std::pow(static_cast<long double>(x), static_cast<long double>(y))));
  }
  EXPECT_LE(worst, 1.0);
}

TEST(Elementary, TanhWithinThreeUlp) {
  const auto exact = [](long double x) { return std::tanh(x); };
  EXPECT_LE(worst_ulps(tanh_f64, exact, -0.2, 0.2), 3.0);
  EXPECT_LE(worst_ulps(tanh_f64, exact, -2, 2), 3.0);
  EXPECT_LE(worst_ulps(tanh_f64, exact, -25, 25), 3.0);
  EXPECT_LE(worst_ulps(tanh_f64, exact, -1e-9, 1e-9), 3.0);
}

TEST(Elementary, SinAndCosWithinOneUlpUpToTwoToTheTwenty) {
  const auto exact_sin = [](long double x) { return std::sin(x); };
  const auto exact_cos = [](long double x) { return std::cos(x); };
  for (const double range : {1e-6, 0.8, 10.0, 1000.0, 262144.0, 1048576.0}) {
    EXPECT_LE(worst_ulps(sin_f64, exact_sin, -range, range), 1.0) << range;
    EXPECT_LE(worst_ulps(cos_f64, exact_cos, -range, range), 1.0) << range;
  }
  double worst = 0;
  for (int i = 0; i <= 1 << 20; i += 7) {  // whole positions at frequency 1
    worst = std::max(worst, ulps(sin_f64(i), std::sin(static_cast<long double>(i))));
    worst = std::max(worst, ulps(cos_f64(i), std::cos(static_cast<long double>(i))));
  }
  EXPECT_LE(worst, 1.0);
  worst = 0;
  for (int k = 1; k < 667'000; ++k) {  // the doubles nearest to multiples of pi/2: cancellation at its worst
    const double x = static_cast<double>(k * 1.57079632679489661923L);
    worst = std::max(worst, ulps(sin_f64(x), std::sin(static_cast<long double>(x))));
    worst = std::max(worst, ulps(cos_f64(x), std::cos(static_cast<long double>(x))));
  }
  EXPECT_LE(worst, 1.0);
}
#endif

TEST(Elementary, SpecialValues) {
  EXPECT_EQ(exp_f64(0), 1.0);
  EXPECT_EQ(exp_f64(kInf), kInf);
  EXPECT_EQ(exp_f64(-kInf), 0.0);
  EXPECT_EQ(exp_f64(710), kInf);
  EXPECT_EQ(exp_f64(-746), 0.0);
  EXPECT_TRUE(std::isnan(exp_f64(kNaN)));
  EXPECT_EQ(log_f64(1), 0.0);
  EXPECT_EQ(log_f64(0), -kInf);
  EXPECT_EQ(log_f64(kInf), kInf);
  EXPECT_TRUE(std::isnan(log_f64(-1)));
  EXPECT_TRUE(std::isnan(log_f64(kNaN)));
  EXPECT_EQ(tanh_f64(kInf), 1.0);
  EXPECT_EQ(tanh_f64(-kInf), -1.0);
  EXPECT_TRUE(std::signbit(tanh_f64(-0.0)));
  EXPECT_TRUE(std::isnan(tanh_f64(kNaN)));
  EXPECT_EQ(sin_f64(0), 0.0);
  EXPECT_TRUE(std::signbit(sin_f64(-0.0)));
  EXPECT_EQ(cos_f64(0), 1.0);
  for (const double x : {kInf, -kInf, kNaN, 0x1.1p20}) {
    EXPECT_TRUE(std::isnan(sin_f64(x)));
    EXPECT_TRUE(std::isnan(cos_f64(x)));
  }
}

TEST(Elementary, PowHasTheSpecialCasesOfC) {
  const double values[] = {0.0, -0.0, 1.0,   -1.0,   2.0,    -2.0, 3.0,   -3.0,
                           0.5, -0.5, 1e300, -1e300, 5e-324, kInf, -kInf, kNaN};
  for (const double x : values) {
    for (const double y : values) {
      const double expected = std::pow(x, y);
      const double actual = pow_f64(x, y);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(actual)) << x << " ^ " << y;
      } else {
        EXPECT_DOUBLE_EQ(actual, expected) << x << " ^ " << y;
        EXPECT_EQ(std::signbit(actual), std::signbit(expected)) << x << " ^ " << y;
      }
    }
  }
  EXPECT_EQ(pow_f64(2, 10), 1024.0);
  EXPECT_EQ(pow_f64(10, 22), 1e22);
}

/// The contract is bits, not closeness: another compiler or processor that contracts, reassociates or rounds
/// differently changes this hash.
TEST(Elementary, BitsArePinned) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  const auto mix = [&](double y) { hash = (hash ^ std::bit_cast<std::uint64_t>(y)) * 0x100000001b3ull; };
  for (int i = 0; i < 20'000; ++i) {
    mix(exp_f64(uniform(-745, 709, i)));
    mix(log_f64(uniform(0, 100, i)));
    mix(pow_f64(uniform(0, 100, i), uniform(-30, 30, i + 1)));
    mix(tanh_f64(uniform(-10, 10, i)));
    mix(sin_f64(uniform(-1e6, 1e6, i)));
    mix(cos_f64(uniform(-1e6, 1e6, i)));
  }
  EXPECT_EQ(hash, 0x9f07ef8199a12063ull);
}

}  // namespace
}  // namespace carat
