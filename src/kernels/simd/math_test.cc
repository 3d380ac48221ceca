// exp and tanh of simd/math.h against the C library in long double, and ISA against ISA.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/op_testing.h"

namespace carat::kernels {
namespace testing {

void exp_scalar(const float* x, std::int64_t n, float* y);
void exp_nonpositive_scalar(const float* x, std::int64_t n, float* y);
void tanh_scalar(const float* x, std::int64_t n, float* y);
#if defined(__x86_64__)
void exp_avx2(const float* x, std::int64_t n, float* y);
void exp_nonpositive_avx2(const float* x, std::int64_t n, float* y);
void tanh_avx2(const float* x, std::int64_t n, float* y);
void exp_avx512(const float* x, std::int64_t n, float* y);
void exp_nonpositive_avx512(const float* x, std::int64_t n, float* y);
void tanh_avx512(const float* x, std::int64_t n, float* y);
#endif

}  // namespace testing

namespace {

using Function = void (*)(const float*, std::int64_t, float*);
struct IsaFunctions {
  const char* isa;
  Function exp, exp_nonpositive, tanh;
};
constexpr IsaFunctions kFunctions[] = {
    {"scalar", testing::exp_scalar, testing::exp_nonpositive_scalar, testing::tanh_scalar},
#if defined(__x86_64__)
    {"avx2", testing::exp_avx2, testing::exp_nonpositive_avx2, testing::tanh_avx2},
    {"avx512", testing::exp_avx512, testing::exp_nonpositive_avx512, testing::tanh_avx512},
#endif
};

bool runs_here(const char* isa) {
  for (const KernelTable* table : testing::available_tables()) {
    if (std::string(table->name) == isa) return true;
  }
  return false;
}

/// Every `step`-th float of [from, to], in order of magnitude, filled up to a multiple of 16.
std::vector<float> floats_between(float from, float to, std::uint32_t step) {
  std::vector<float> x;
  for (std::uint64_t bits = std::bit_cast<std::uint32_t>(from); bits <= std::bit_cast<std::uint32_t>(to); bits += step)
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  while (x.size() % 16 != 0) x.push_back(to);
  return x;
}

std::vector<float> with_both_signs(std::vector<float> x) {
  const std::size_t n = x.size();
  for (std::size_t i = 0; i < n; ++i) x.push_back(-x[i]);
  return x;
}

std::vector<float> mapped(Function f, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  f(x.data(), static_cast<std::int64_t>(x.size()), y.data());
  return y;
}

/// Distance in units of the last place of `want` as an f32; 2^-149 for subnormals.
double ulps(float got, long double want) {
  const int exponent = std::max(std::ilogb(want), -126);
  return static_cast<double>(std::fabs((static_cast<long double>(got) - want) / std::ldexp(1.0L, exponent - 23)));
}

template <typename Exact>
void expect_ulps(const std::vector<float>& x, const std::vector<float>& y, double bound, Exact exact) {
  double worst = 0;
  float worst_x = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(y[i], exact(static_cast<long double>(x[i])));
    if (!(error <= worst)) worst = error, worst_x = x[i];
  }
  EXPECT_LE(worst, bound) << "worst at " << worst_x;
  ::testing::Test::RecordProperty("worst_ulps", std::to_string(worst));
}

TEST(Exp, IsRightToOnePointOneUlps) {
  const auto x = with_both_signs(floats_between(1e-9f, 87.0f, 1013));
  expect_ulps(x, mapped(testing::exp_scalar, x), 1.1, [](long double v) { return expl(v); });
}

TEST(Exp, RoundsSubnormalsAndTheTopBinadeOnce) {
  auto x = floats_between(87.0f, 88.7228f, 7);
  expect_ulps(x, mapped(testing::exp_scalar, x), 1.1, [](long double v) { return expl(v); });
  x = floats_between(87.0f, 103.9f, 31);
  for (float& v : x) v = -v;
  expect_ulps(x, mapped(testing::exp_scalar, x), 1.1, [](long double v) { return expl(v); });
}

TEST(Exp, HasTheRightEnds) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const float big = std::numeric_limits<float>::max();
  std::vector<float> x = {0.0f, -0.0f, 88.72283f,  88.72285f, 89.5f,  1e10f,
                          big,  inf,   -103.9720f, -103.98f,  -1e30f, -big};
  x.insert(x.end(), {-inf, nan, 1e-40f, -1e-40f});
  for (const IsaFunctions& isa : kFunctions) {
    if (!runs_here(isa.isa)) continue;
    const auto y = mapped(isa.exp, x);
    EXPECT_EQ(y[0], 1.0f);
    EXPECT_EQ(y[1], 1.0f);
    EXPECT_LT(y[2], inf);
    for (int i = 3; i < 8; ++i) EXPECT_EQ(y[static_cast<std::size_t>(i)], inf) << isa.isa << " at " << i;
    EXPECT_EQ(y[8], 0x1p-149f);
    for (int i = 9; i < 13; ++i) EXPECT_EQ(y[static_cast<std::size_t>(i)], 0.0f) << isa.isa << " at " << i;
    EXPECT_TRUE(std::isnan(y[13])) << isa.isa;
    EXPECT_EQ(y[14], 1.0f);
    EXPECT_EQ(y[15], 1.0f);
  }
}

TEST(Exp, NeverFalls) {
  auto x = floats_between(1e-3f, 88.0f, 501);
  const auto y = mapped(testing::exp_scalar, x);
  for (std::size_t i = 1; i < y.size(); ++i) {
    // Neighbouring results may swap by an ulp at the seams of the reduction, never more.
    ASSERT_GE(y[i] * (1 + 0x1p-22f), y[i - 1]) << x[i];
  }
}

TEST(Tanh, IsRightToOnePointFourUlps) {
  const auto x = with_both_signs(floats_between(1e-30f, 12.0f, 1499));
  expect_ulps(x, mapped(testing::tanh_scalar, x), 1.4, [](long double v) { return tanhl(v); });
}

TEST(Tanh, HasTheRightEnds) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {0.0f, -0.0f, 10.0f, -10.0f, 50.0f,   -50.0f, 1e30f,  -1e30f,
                                inf,  -inf,  nan,   1e-40f, -1e-40f, 0.624f, 0.625f, 0.626f};
  for (const IsaFunctions& isa : kFunctions) {
    if (!runs_here(isa.isa)) continue;
    const auto y = mapped(isa.tanh, x);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(y[0]), 0u);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(y[1]), 0x80000000u);
    for (std::size_t i = 2; i < 10; ++i) EXPECT_EQ(y[i], i % 2 == 0 ? 1.0f : -1.0f) << isa.isa << " at " << x[i];
    EXPECT_TRUE(std::isnan(y[10])) << isa.isa;
    EXPECT_EQ(y[11], 1e-40f);
    EXPECT_EQ(y[12], -1e-40f);
    EXPECT_TRUE(y[13] < y[14] && y[14] < y[15]);
  }
}

TEST(ExpAndTanh, GiveTheSameBitsOnEveryIsa) {
  // All exponents of both signs, infinities included; NaNs are left out, their payload is nobody's business.
  const auto x = with_both_signs(floats_between(0.0f, std::numeric_limits<float>::infinity(), 1009));
  const auto exp_want = mapped(testing::exp_scalar, x), tanh_want = mapped(testing::tanh_scalar, x);
  for (const IsaFunctions& isa : kFunctions) {
    if (!runs_here(isa.isa)) continue;
    EXPECT_TRUE(testing::same_bits(mapped(isa.exp, x), exp_want)) << "exp, " << isa.isa;
    EXPECT_TRUE(testing::same_bits(mapped(isa.tanh, x), tanh_want)) << "tanh, " << isa.isa;
  }
}

TEST(ExpNonpositive, HasTheBitsOfExp) {
  auto x = floats_between(0.0f, std::numeric_limits<float>::infinity(), 1009);
  for (float& v : x) v = -v;
  const auto want = mapped(testing::exp_scalar, x);
  const std::vector<float> nans(16, std::numeric_limits<float>::quiet_NaN());
  for (const IsaFunctions& isa : kFunctions) {
    if (!runs_here(isa.isa)) continue;
    EXPECT_TRUE(testing::same_bits(mapped(isa.exp_nonpositive, x), want)) << isa.isa;
    EXPECT_TRUE(std::isnan(mapped(isa.exp_nonpositive, nans)[5])) << isa.isa;
  }
}

}  // namespace
}  // namespace carat::kernels
