#include "kernels/rope.h"

#include "kernels/op_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;

struct Rotary {
  double base;
  double position_divisor;
  std::int64_t head_dim;
  std::int64_t n_pairs;
};

// Gemma 4's sliding and full layers, Gemma 3's global ones, and a few odd shapes.
constexpr Rotary kRotaries[] = {{10000, 1, 256, 128}, {1000000, 1, 512, 64}, {1000000, 8, 32, 16},
                                {10000, 1, 32, 16},   {1000000, 1, 64, 8},   {10000, 1, 80, 33}};

const std::vector<std::int64_t> kPositions = {0, 1, 2, 15, 16, 17, 511, 512, 1023, 4095, 131071, 262143};

TEST(RopeAngles, AreRightToHalfAnUlpUpToTheLastPosition) {
  testing::Workbench bench(*testing::available_tables().front(), 2);
  for (const Rotary& r : kRotaries) {
    const auto f = rope_frequencies(r.base, r.position_divisor, r.head_dim, r.n_pairs);
    const auto rows = static_cast<std::int64_t>(kPositions.size());
    Matrix cos(rows, r.n_pairs), sin(rows, r.n_pairs);
    rope_angles(kPositions, f, cos.view(), sin.view(), bench.exec());
    for (std::int64_t t = 0; t < rows; ++t) {
      for (std::int64_t j = 0; j < r.n_pairs; ++j) {
        const long double exponent = -2.0L * static_cast<long double>(j) / static_cast<long double>(r.head_dim);
        const long double angle = static_cast<long double>(kPositions[static_cast<std::size_t>(t)]) *
                                  powl(r.base, exponent) / r.position_divisor;
        // Half an ulp of f32 below 1 is 2^-25; the angle itself is right to 1e-10.
        EXPECT_NEAR(cos.view().row(t)[j], static_cast<double>(cosl(angle)), 0x1p-25 + 1e-10);
        EXPECT_NEAR(sin.view().row(t)[j], static_cast<double>(sinl(angle)), 0x1p-25 + 1e-10);
      }
    }
  }
}

TEST(ApplyRope, MatchesRefOnEveryIsa) {
  for (const Rotary& r : kRotaries) {
    for (const std::int64_t n_heads : {1, 3}) {
      // 1.5 ulp of |a| + |b|, which is at most 2 sqrt(2) times the largest output or so.
      testing::expect_op({"head_dim " + std::to_string(r.head_dim), 1.5 * 0x1p-23}, [&](Exec& exec) {
        const auto f = rope_frequencies(r.base, r.position_divisor, r.head_dim, r.n_pairs);
        const auto rows = static_cast<std::int64_t>(kPositions.size());
        Matrix cos(rows, r.n_pairs, r.n_pairs + 1), sin(rows, r.n_pairs, r.n_pairs + 2);
        rope_angles(kPositions, f, cos.view(), sin.view(), exec);
        Matrix x(rows, n_heads * r.head_dim, n_heads * r.head_dim + 3, Draw::kNormal, 1);
        const Matrix before = x;
        apply_rope(x.view(), r.head_dim, cos.view(), sin.view(), exec);
        for (std::int64_t t = 0; t < rows; ++t) {
          for (std::int64_t i = 0; i < n_heads * r.head_dim; ++i) {
            if (i % (r.head_dim / 2) < r.n_pairs && t > 0) continue;  // position 0 turns by nothing
            EXPECT_TRUE(testing::same_bits(x.view().row(t) + i, before.view().row(t) + i, 1))
                << exec.table->name << " touched row " << t << " element " << i;
          }
        }
        return x.values();
      });
    }
  }
}

TEST(ApplyRope, DoesNotDependOnBatchOrThreads) {
  const Rotary r = kRotaries[0];
  const std::int64_t rows = 37, cols = 2 * r.head_dim;
  std::vector<std::int64_t> positions;
  for (std::int64_t t = 0; t < rows; ++t) positions.push_back(t * 97);
  const auto f = rope_frequencies(r.base, r.position_divisor, r.head_dim, r.n_pairs);
  std::vector<float> first;
  for (const KernelTable* table : testing::available_tables()) {
    for (const int n_threads : {1, 2, 3}) {
      testing::Workbench bench(*table, n_threads);
      Matrix cos(rows, r.n_pairs), sin(rows, r.n_pairs), x(rows, cols, cols, Draw::kNormal, 1);
      rope_angles(positions, f, cos.view(), sin.view(), bench.exec());
      apply_rope(x.view(), r.head_dim, cos.view(), sin.view(), bench.exec());
      if (first.empty()) first = x.values();
      EXPECT_TRUE(testing::same_bits(x.values(), first)) << table->name << ", " << n_threads << " threads";

      Matrix one(1, cols, cols, Draw::kNormal, 1);  // the first row of x, at position 0 ... and again at 97
      MatView<const float> cos1(cos.view().row(1), 1, r.n_pairs), sin1(sin.view().row(1), 1, r.n_pairs);
      const Matrix all(rows, cols, cols, Draw::kNormal, 1);
      std::memcpy(one.view().data, all.view().row(1), static_cast<std::size_t>(cols) * sizeof(float));
      apply_rope(one.view(), r.head_dim, cos1, sin1, bench.exec());
      EXPECT_TRUE(testing::same_bits(one.view().data, x.view().row(1), cols)) << table->name;
    }
  }
}

}  // namespace
}  // namespace carat::kernels
