#include "kernels/elementwise.h"

#include "kernels/op_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;

constexpr Draw kDraws[] = {Draw::kNormal, Draw::kTiny, Draw::kHuge, Draw::kUniform, Draw::kSpread, Draw::kZeros};

using Binary = void (*)(MatView<const float>, MatView<const float>, MatView<float>, Exec&);

void scaled(MatView<const float> a, MatView<const float>, MatView<float> y, Exec& exec) { scale(a, 1.3f, y, exec); }
void capped(MatView<const float> a, MatView<const float>, MatView<float> y, Exec& exec) { softcap(a, 30.0f, y, exec); }
void soft(MatView<const float> a, MatView<const float>, MatView<float> y, Exec& exec) { softmax(a, y, exec); }
// y += 0.3 a, as the sum of experts uses it; y starts as b.
void scaled_sum(MatView<const float> a, MatView<const float> b, MatView<float> y, Exec& exec) {
  for (std::int64_t t = 0; t < a.rows; ++t) {
    if (y.row(t) != b.row(t)) std::memcpy(y.row(t), b.row(t), static_cast<std::size_t>(b.cols) * sizeof(float));
    exec.table->scaled_add(a.row(t), 0.3f, a.cols, y.row(t));
  }
}

struct Op {
  const char* name;
  Binary run;
  double bound;  ///< relative to the largest output
  double floor;  ///< absolute
};

// add, multiply, scale, scaled_add round once, as ref does: no error at all, also for subnormals.
constexpr Op kOps[] = {
    {"add", add, 0, 0},
    {"multiply", multiply, 0, 0},
    {"scale", scaled, 0, 0},
    {"scaled_add", scaled_sum, 0x1p-24, 0},  // fma rounds once; ref rounds to double first: ties may differ
    {"gelu_mul", gelu_mul, 1e-6, 0x1p-149},  // below the smallest normal number absolute errors are what counts
    {"softcap", capped, 1e-6, 0x1p-149},
    {"softmax", soft, 1e-6, 0},
};

std::string case_name(const Op& op, std::int64_t n, Draw draw) {
  return std::string(op.name) + " n " + std::to_string(n) + " draw " + std::to_string(static_cast<int>(draw));
}

TEST(Elementwise, MatchesRefOnEveryIsa) {
  for (const Op& op : kOps) {
    for (const Draw draw : kDraws) {
      for (const std::int64_t n : testing::odd_lengths()) {
        testing::expect_op({case_name(op, n, draw), op.bound, op.floor}, [&](Exec& exec) {
          const Matrix a(3, n, n + 7, draw, 1), b(3, n, n + 2, draw, 2);
          Matrix y(3, n, n + 1);
          op.run(a.view(), b.view(), y.view(), exec);
          return y.values();
        });
      }
    }
  }
}

TEST(Elementwise, AllowsTheOutputToBeAnyOperand) {
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table);
    for (const Op& op : kOps) {
      for (const std::int64_t n : testing::odd_lengths()) {
        Matrix y(2, n);
        {
          const Matrix a(2, n, n, Draw::kNormal, 1), b(2, n, n, Draw::kNormal, 2);
          op.run(a.view(), b.view(), y.view(), bench.exec());
        }
        {
          Matrix a(2, n, n, Draw::kNormal, 1), b(2, n, n, Draw::kNormal, 2);
          op.run(a.view(), b.view(), b.view(), bench.exec());
          EXPECT_TRUE(testing::same_bits(b.values(), y.values())) << op.name << " y = b, n " << n;
        }
        if (op.run == scaled_sum) continue;  // y is b there by definition
        Matrix a(2, n, n, Draw::kNormal, 1), b(2, n, n, Draw::kNormal, 2);
        op.run(a.view(), b.view(), a.view(), bench.exec());
        EXPECT_TRUE(testing::same_bits(a.values(), y.values())) << op.name << " y = a, n " << n;
      }
    }
  }
}

TEST(Elementwise, DoesNotDependOnBatchOrThreads) {
  const std::int64_t n = 65, rows = 37;
  const Matrix a(rows, n, n, Draw::kUniform, 1), b(rows, n, n, Draw::kUniform, 2);
  for (const Op& op : kOps) {
    Matrix alone(rows, n);
    testing::Workbench one(*testing::available_tables().front());
    for (std::int64_t t = 0; t < rows; ++t) {
      op.run({a.view().row(t), 1, n}, {b.view().row(t), 1, n}, {alone.view().row(t), 1, n}, one.exec());
    }
    for (const KernelTable* table : testing::available_tables()) {
      for (const int n_threads : {1, 2, 3}) {
        testing::Workbench bench(*table, n_threads);
        Matrix y(rows, n);
        op.run(a.view(), b.view(), y.view(), bench.exec());
        EXPECT_TRUE(testing::same_bits(y.values(), alone.values())) << op.name << ", " << table->name;
      }
    }
  }
}

// Far from zero GELU is the identity or nothing; infinities of a broken model must not turn into plausible numbers.
TEST(GeluMul, EndsWell) {
  const std::vector<float> gate = {12.0f, 1e4f, 1e15f, 3e38f, -12.0f, -1e4f, -1e15f, -3e38f, 0.0f, -0.0f};
  const std::vector<float> ones(gate.size(), 1.0f);
  for (const KernelTable* table : testing::available_tables()) {
    std::vector<float> y(gate.size());
    table->gelu_mul(gate.data(), ones.data(), static_cast<std::int64_t>(gate.size()), y.data());
    for (int i = 0; i < 4; ++i) EXPECT_EQ(y[static_cast<std::size_t>(i)], gate[static_cast<std::size_t>(i)]);
    EXPECT_NEAR(y[4], 0, 1e-30);
    EXPECT_NEAR(y[5], 0, 1e-30);
    EXPECT_EQ(std::signbit(y[9]), true) << "gelu(-0) = -0";
    const float nan = std::numeric_limits<float>::quiet_NaN();
    table->gelu_mul(&nan, ones.data(), 1, y.data());
    EXPECT_TRUE(std::isnan(y[0])) << table->name;
  }
}

TEST(Softmax, SumsToOneAndKeepsTheOrder) {
  for (const KernelTable* table : testing::available_tables()) {
    for (const std::int64_t n : testing::odd_lengths()) {
      const auto x = testing::draw_many(Draw::kUniform, n, 3);
      std::vector<float> y(x.size());
      table->softmax(x.data(), n, y.data());
      double sum = 0;
      for (const float p : y) sum += p;
      EXPECT_NEAR(sum, 1, 1e-6) << table->name << " n " << n;
      for (std::size_t i = 1; i < x.size(); ++i) {
        EXPECT_TRUE(x[i] <= x[i - 1] || y[i] >= y[i - 1]);
      }
    }
  }
}

TEST(Softmax, TakesLargeNumbersAndMasks) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> x = {1e30f, 1e30f, -1e30f, -inf, 0.0f};
  for (const KernelTable* table : testing::available_tables()) {
    std::vector<float> y(x.size());
    table->softmax(x.data(), 5, y.data());
    EXPECT_EQ(y, (std::vector<float>{0.5f, 0.5f, 0, 0, 0})) << table->name;
  }
}

TEST(Softcap, IsBoundedOddAndNearlyTheIdentityAtZero) {
  const std::vector<float> x = {1e30f, -1e30f, 1e-6f, -1e-6f, 0.0f, -0.0f, 15.0f, -15.0f};
  for (const KernelTable* table : testing::available_tables()) {
    std::vector<float> y(x.size());
    table->softcap(x.data(), 30.0f, 8, y.data());
    EXPECT_EQ(y[0], 30.0f);
    EXPECT_EQ(y[1], -30.0f);
    EXPECT_NEAR(y[2], 1e-6, 1e-12);
    EXPECT_EQ(y[3], -y[2]);
    EXPECT_TRUE(std::signbit(y[5]));
    EXPECT_EQ(y[7], -y[6]);
  }
}

}  // namespace
}  // namespace carat::kernels
