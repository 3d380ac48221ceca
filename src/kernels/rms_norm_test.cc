#include "kernels/rms_norm.h"

#include "kernels/op_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;

constexpr double kUlp = 0x1p-23;  // of a number in [1, 2)

// 4 ulp of the largest output: sum of squares about 1, root and division 1, two products 1.
constexpr double kBound = 4 * kUlp;

TEST(RmsNorm, MatchesRefOnEveryIsa) {
  for (const Draw draw : {Draw::kNormal, Draw::kTiny, Draw::kHuge, Draw::kSpread, Draw::kZeros}) {
    for (const std::int64_t n : testing::odd_lengths()) {
      for (const std::int64_t gap : {0, 5}) {
        for (const bool weighted : {true, false}) {
          const auto weight = testing::draw_many(Draw::kNormal, weighted ? n : 0, 7);
          const std::string name = "n " + std::to_string(n) + " draw " + std::to_string(static_cast<int>(draw));
          testing::expect_op({name, kBound}, [&](Exec& exec) {
            const Matrix x(3, n, n + gap, draw, 1);
            Matrix y(3, n, n + 2 * gap);
            rms_norm(x.view(), weight, 1e-6f, y.view(), exec);
            return y.values();
          });
        }
      }
    }
  }
}

TEST(RmsNorm, WorksInPlace) {
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table);
    for (const std::int64_t n : testing::odd_lengths()) {
      const auto weight = testing::draw_many(Draw::kNormal, n, 7);
      Matrix x(2, n, n + 1, Draw::kNormal, 1), y(2, n);
      rms_norm(x.view(), weight, 1e-6f, y.view(), bench.exec());
      rms_norm(x.view(), weight, 1e-6f, x.view(), bench.exec());
      EXPECT_TRUE(testing::same_bits(x.values(), y.values())) << table->name << " n " << n;
    }
  }
}

TEST(RmsNorm, NormsEveryHeadByItself) {
  const std::int64_t head_dim = 48, n_heads = 3;
  const auto weight = testing::draw_many(Draw::kNormal, head_dim, 7);
  testing::expect_op({"heads", kBound}, [&](Exec& exec) {
    const Matrix x(9, n_heads * head_dim, n_heads * head_dim + 16, Draw::kNormal, 1);
    Matrix y(9, n_heads * head_dim);
    rms_norm_heads(x.view(), head_dim, weight, 1e-6f, y.view(), exec);
    Matrix one(1, head_dim);
    rms_norm(x.view().columns(head_dim, head_dim).first_rows(1), weight, 1e-6f, one.view(), exec);
    EXPECT_TRUE(testing::same_bits(one.view().data, y.view().data + head_dim, head_dim));
    return y.values();
  });
}

// A row's result is a function of the row: not of the rows beside it, nor of the threads.
TEST(RmsNorm, DoesNotDependOnBatchOrThreads) {
  const std::int64_t n = 100;
  const auto weight = testing::draw_many(Draw::kNormal, n, 7);
  const Matrix x(37, n, n, Draw::kNormal, 1);
  Matrix alone(37, n);
  testing::Workbench one(*testing::available_tables().front());
  for (std::int64_t t = 0; t < 37; ++t) {
    const MatView<const float> row(x.view().row(t), 1, n);
    rms_norm(row, weight, 1e-6f, {alone.view().row(t), 1, n}, one.exec());
  }
  for (const KernelTable* table : testing::available_tables()) {
    for (const int n_threads : {1, 2, 3}) {
      testing::Workbench bench(*table, n_threads);
      Matrix y(37, n);
      rms_norm(x.view(), weight, 1e-6f, y.view(), bench.exec());
      EXPECT_TRUE(testing::same_bits(y.values(), alone.values())) << table->name << ", " << n_threads << " threads";
    }
  }
}

}  // namespace
}  // namespace carat::kernels
