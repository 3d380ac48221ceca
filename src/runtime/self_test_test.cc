#include "runtime/self_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/isa.h"
#include "ref/table.h"
#include "runtime/self_test_answers.h"
#include "runtime/self_test_cases.h"

namespace carat::runtime {
namespace {

using kernels::KernelTable;

class Runner {
 public:
  Runner() { CARAT_CHECK(arena_.reserve(kernel_case_scratch_bytes()).has_value()); }
  std::vector<float> run(const KernelCase& c, const KernelTable& table) {
    kernels::Exec exec{&table, &pool_, &arena_};
    return c.run(exec);
  }

 private:
  ThreadPool pool_{2};
  Arena arena_;
};

const KernelTable& scalar() { return *kernels::isa_targets().front().table; }

// The constants are those of the plain C++ kernels, and these are near what is meant.
TEST(SelfTest, TheConstantsAreNearRef) {
  Runner runner;
  std::string wanted;
  bool all_known = true;
  for (const KernelCase& c : kernel_cases()) {
    const std::vector<float> got = runner.run(c, scalar()), meant = runner.run(c, ref::table());
    ASSERT_EQ(got.size(), meant.size()) << c.name;
    float largest = 0;
    for (const float v : meant) largest = std::fmax(largest, std::fabs(v));
    EXPECT_GT(largest, 0) << c.name;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_LE(std::fabs(got[i] - meant[i]), 1e-5f * largest) << c.name << ", element " << i;
    }
    wanted += fmt::format("    {{\"{}\", 0x{:016x}}},\n", c.name, answer_hash(got));
    all_known = all_known && answer_hash(got) == known_answer(c.name);
  }
  EXPECT_TRUE(all_known) << "self_test_answers.h would have to be\n" << wanted;
}

TEST(SelfTest, EveryCaseHasOneNameAndOneAnswer) {
  std::set<std::string> names;
  std::set<std::uint64_t> hashes;
  for (const KernelCase& c : kernel_cases()) {
    EXPECT_TRUE(names.insert(c.name).second) << c.name;
    EXPECT_TRUE(hashes.insert(known_answer(c.name)).second) << c.name;
  }
  EXPECT_EQ(names.size(), std::size(kKnownAnswers));
}

TEST(SelfTest, EveryTableOfThisCpuPasses) {
  const auto checks = check_all_kernels();
  ASSERT_TRUE(checks);
  EXPECT_EQ(checks->front().isa, "scalar");
  std::size_t n_supported = 0;
  for (const kernels::IsaTarget& target : kernels::isa_targets()) n_supported += target.supported() ? 1 : 0;
  EXPECT_EQ(checks->size(), n_supported);
  for (const KernelCheck& check : *checks) {
    EXPECT_GT(check.n_ops, 40);
    EXPECT_EQ(check.wrong, std::vector<std::string>{}) << check.isa;
  }
}

void nudge(float& value) { value = std::nextafter(value, 1e30f); }

/// Names before the first blank, each once.
std::set<std::string> wrong_ops(const KernelTable& table) {
  const auto check = check_kernels(table);
  EXPECT_TRUE(check);
  std::set<std::string> ops;
  for (const std::string& name : check->wrong) ops.insert(name.substr(0, name.find(' ')));
  return ops;
}

// One op at a time whose last value is off by a bit: it is named, and nothing else.
TEST(SelfTest, OneWrongBitOfAnyOpIsNoticed) {
  using Ops = std::set<std::string>;
  const auto wrong = [](auto change) {
    KernelTable table = scalar();
    change(table);
    return wrong_ops(table);
  };
  EXPECT_EQ(wrong([](KernelTable&) {}), Ops{});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.rms_norm = [](const float* x, const float* w, std::int64_t n, float eps, float* y) {
                scalar().rms_norm(x, w, n, eps, y);
                if (n == 100 && w == nullptr) nudge(y[n - 1]);
              };
            }),
            Ops{"rms_norm"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.gelu_mul = [](const float* a, const float* b, std::int64_t n, float* y) {
                scalar().gelu_mul(a, b, n, y);
                nudge(y[n / 2]);
              };
            }),
            Ops{"gelu_mul"});
  EXPECT_EQ(wrong([](KernelTable& t) { t.add = t.multiply; }), Ops{"add"});
  EXPECT_EQ(wrong([](KernelTable& t) { t.multiply = t.add; }), Ops{"multiply"});
  EXPECT_EQ(wrong([](KernelTable& t) { t.scale = t.softcap; }), Ops{"scale"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.scaled_add = [](const float* x, float f, std::int64_t n, float* y) {
                for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * f + y[i];  // rounded twice
              };
            }),
            Ops{"scaled_add"});
  EXPECT_EQ(wrong([](KernelTable& t) { t.softcap = t.scale; }), Ops{"softcap"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.softmax = [](const float* x, std::int64_t n, float* y) {
                scalar().softmax(x, n, y);
                if (n == 17) nudge(y[16]);
              };
            }),
            Ops{"softmax"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.rope = [](float* x, std::int64_t heads, std::int64_t dim, const float* c, const float* s,
                          std::int64_t n) { scalar().rope(x, heads - 1, dim, c, s, n); };
            }),
            Ops{"rope"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.quantize = [](const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d,
                              std::int32_t* sums) {
                scalar().quantize(x, n, n_blocks, q, d, sums);
                if (n == 15) ++q[14];
              };
            }),
            Ops{"quantize"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.matmul = [](const kernels::PackedView& w, std::int64_t first, std::int64_t end, const float* x,
                            std::int64_t x_stride, const float* sums, std::int64_t sums_stride, std::int64_t n,
                            float* y, std::int64_t y_stride) {
                scalar().matmul(w, first, end, x, x_stride, sums, sums_stride, n, y, y_stride);
                if (n == 13 && end == w.n_groups()) nudge(y[12 * y_stride + w.rows - 1]);
              };
            }),
            Ops{"matmul"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.matmul_i8 = [](const kernels::PackedView& w, std::int64_t first, std::int64_t end,
                               const kernels::Panel& x, float* y, std::int64_t y_stride) {
                scalar().matmul_i8(w, first, end, x, y, y_stride);
                if (w.format == kernels::PackedFormat::kS8x32F && x.n_tokens == 34) nudge(y[first * 16]);
              };
            }),
            Ops{"matmul_i8"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.attention = [](const kernels::AttentionTile& tile) {
                scalar().attention(tile);
                nudge(tile.out[tile.n_rows - 1][tile.head_dim - 1]);
              };
            }),
            Ops{"attention"});
  using Split = kernels::AttentionSplit;
  using Tile = kernels::AttentionTile;
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.attention_scores = [](const Tile& tile, const Split& split, std::int64_t first, std::int64_t end) {
                scalar().attention_scores(tile, split, first, end);
                if (first == split.first_block) split.scores[40] += 0.125f;
              };
            }),
            Ops{"attention_split"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.attention_weights = [](const Tile& tile, const Split& split, int row) {
                scalar().attention_weights(tile, split, row);
                split.l[row] *= 1.0001f;
              };
            }),
            Ops{"attention_split"});
  EXPECT_EQ(wrong([](KernelTable& t) {
              t.attention_values = [](const Tile& tile, const Split& split, std::int64_t first, std::int64_t end) {
                scalar().attention_values(tile, split, first, end);
                nudge(tile.out[0][first]);
              };
            }),
            Ops{"attention_split"});
}

}  // namespace
}  // namespace carat::runtime
