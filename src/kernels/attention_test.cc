#include "kernels/attention.h"

#include "kernels/attention_testing.h"
#include "kernels/op_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;
using testing::PagedKv;

constexpr KvElement kKvTypes[] = {KvElement::kF32, KvElement::kF16, KvElement::kBF16};
constexpr double kBound = 1e-5;  // of the largest output

struct Range {
  std::int64_t first, end;
};

/// Ranges that begin and end at, before and behind vectors of 16 keys and pages of 64.
std::vector<Range> edge_ranges() {
  std::vector<Range> ranges;
  for (const std::int64_t first : {0, 1, 15, 16, 17, 47, 63, 64, 65, 127, 128}) {
    for (const std::int64_t end : {1, 2, 16, 17, 63, 64, 65, 66, 127, 128, 129, 191, 192, 200}) {
      if (first < end) ranges.push_back({first, end});
    }
  }
  return ranges;
}

std::vector<AttentionRow> rows_over(const PagedKv& kv, const std::vector<Range>& ranges) {
  std::vector<AttentionRow> rows;
  for (const Range& r : ranges) rows.push_back({kv.pages(), r.first, r.end});
  return rows;
}

std::vector<float> run(const Matrix& q, const std::vector<AttentionRow>& rows, const AttentionShape& shape,
                       Exec& exec) {
  Matrix out(q.view().rows, q.view().cols, q.view().cols + 5);
  attention(q.view(), rows, shape, out.view(), exec);
  return out.values();
}

TEST(Attention, MatchesRefOnEveryIsaAtEveryEdge) {
  const std::vector<Range> ranges = edge_ranges();
  for (const KvElement kv_type : kKvTypes) {
    for (const std::int64_t head_dim : {32, 48, 64, 256}) {
      for (const float scale : {1.0f, 0.125f}) {  // peaked and broad
        PagedKv kv(200, 1, head_dim, kv_type);
        kv.fill(200, 1);
        const AttentionShape shape{2, 1, head_dim, scale, kv_type};
        const std::string name = "head_dim " + std::to_string(head_dim) + " kv " + std::to_string(int(kv_type));
        testing::expect_op({name, kBound}, [&](Exec& exec) {
          const Matrix q(static_cast<std::int64_t>(ranges.size()), 2 * head_dim, 2 * head_dim + 1, Draw::kNormal, 2);
          return run(q, rows_over(kv, ranges), shape, exec);
        });
      }
    }
  }
}

struct Heads {
  std::int64_t n_heads, n_kv_heads, head_dim;
};
// E2B's, E4B's, 12B's and 31B's ratios, an odd one, and no sharing.
constexpr Heads kHeads[] = {{8, 1, 512}, {8, 2, 256}, {4, 2, 64}, {3, 1, 32}, {3, 3, 32}, {16, 1, 80}};

TEST(Attention, ReadsTheRightHead) {
  for (const Heads& h : kHeads) {
    PagedKv kv(70, h.n_kv_heads, h.head_dim, KvElement::kF32);
    kv.fill(70, 1);
    const AttentionShape shape{h.n_heads, h.n_kv_heads, h.head_dim, 0.25f, KvElement::kF32};
    testing::expect_op({"heads " + std::to_string(h.n_heads), kBound}, [&](Exec& exec) {
      const std::int64_t cols = h.n_heads * h.head_dim;
      const Matrix q(3, cols, cols, Draw::kNormal, 2);
      return run(q, rows_over(kv, {{0, 70}, {3, 65}, {64, 66}}), shape, exec);
    });
  }
}

// One step as the engine sees it: a causal chunk of one sequence, sliding rows of another that has let go of its first
// page, a block of rows that see each other, single rows. Every row has the bits it has alone, on scalar.
TEST(Attention, ARowDoesNotDependOnItsBatchTheThreadsOrTheIsa) {
  constexpr std::int64_t kKeys = 200, kWindow = 64;
  std::vector<std::vector<Range>> per_sequence(3);
  for (std::int64_t i = 61; i < 67; ++i) per_sequence[0].push_back({0, i + 1});
  for (std::int64_t i = 126; i < 130; ++i) per_sequence[1].push_back({i + 1 - kWindow, i + 1});
  for (int i = 0; i < 2; ++i) per_sequence[1].push_back({150 - kWindow, 170});
  per_sequence[2].push_back({0, kKeys});
  for (const Heads& h : kHeads) {
    for (const KvElement kv_type : kKvTypes) {
      if (kv_type != KvElement::kF32 && h.head_dim == 512) continue;  // time
      std::vector<PagedKv> kvs;
      for (std::uint32_t s = 0; s < 3; ++s) {
        kvs.emplace_back(kKeys, h.n_kv_heads, h.head_dim, kv_type);
        kvs.back().fill(kKeys, s);
      }
      std::vector<AttentionRow> rows;
      for (std::size_t s = 0; s < 3; ++s) {
        const auto more = rows_over(kvs[s], per_sequence[s]);
        rows.insert(rows.end(), more.begin(), more.end());
      }
      ASSERT_EQ(rows.size(), 13u);
      const std::int64_t cols = h.n_heads * h.head_dim;
      const Matrix q(13, cols, cols, Draw::kNormal, 9);
      const AttentionShape shape{h.n_heads, h.n_kv_heads, h.head_dim, 0.3f, kv_type};

      std::vector<float> alone;
      testing::Workbench scalar(*testing::available_tables().front());
      for (std::int64_t t = 0; t < 13; ++t) {
        Matrix out(1, cols);
        attention({q.view().row(t), 1, cols}, std::span(rows).subspan(static_cast<std::size_t>(t), 1), shape,
                  out.view(), scalar.exec());
        const auto values = out.values();
        alone.insert(alone.end(), values.begin(), values.end());
      }
      for (const KernelTable* table : testing::available_tables()) {
        for (const int n_threads : {1, 2, 3}) {
          testing::Workbench bench(*table, n_threads);
          for (std::int64_t n = 1; n <= 13; ++n) {
            const std::int64_t first = n % 2 == 0 ? 13 - n : 0;  // tiles begin at different rows
            Matrix out(n, cols, cols + 2);
            attention({q.view().row(first), n, cols, cols}, std::span(rows).subspan(std::size_t(first), std::size_t(n)),
                      shape, out.view(), bench.exec());
            ASSERT_TRUE(testing::same_bits(out.values().data(), alone.data() + first * cols, n * cols))
                << table->name << ", " << n << " rows, " << n_threads << " threads, head_dim " << h.head_dim;
          }
        }
      }
    }
  }
}

struct Step {
  const char* name;
  Heads heads;
  std::int64_t n_keys;
  std::vector<Range> ranges;
};

// What one thread computes as a whole is what several compute in three steps, a span of pages at a time: rows of more
// than one span, windows that begin inside a page, rows of unlike ranges, one long sequence among short ones.
TEST(Attention, OfLongRowsIsTheSameOnAnyNumberOfThreads) {
  const std::vector<Step> steps = {
      {"two spans of 8 heads", {8, 1, 32}, 8300, {{0, 8300}}},
      {"two spans of 32 pairs", {8, 1, 48}, 2200, {{0, 2197}, {0, 2198}, {0, 2199}, {0, 2200}}},
      {"rows that part ways", {4, 1, 32}, 5000, {{3, 4000}, {1000, 4901}, {4900, 5000}}},
      {"a window", {8, 1, 512}, 1300, {{777, 1289}}},
      {"two K/V heads, no power of two", {6, 2, 80}, 1000, {{0, 1000}, {65, 999}}},
      {"one head", {1, 1, 16}, 9000, {{0, 9000}}},
  };
  for (const Step& step : steps) {
    for (const KvElement kv_type : {KvElement::kF16, KvElement::kF32}) {
      const Heads& h = step.heads;
      PagedKv kv(step.n_keys, h.n_kv_heads, h.head_dim, kv_type), short_kv(40, h.n_kv_heads, h.head_dim, kv_type);
      kv.fill(step.n_keys, 1);
      short_kv.fill(40, 2);
      std::vector<AttentionRow> rows = rows_over(kv, step.ranges);
      rows.push_back({short_kv.pages(), 0, 40});
      const auto n = static_cast<std::int64_t>(rows.size());
      const std::int64_t cols = h.n_heads * h.head_dim;
      const Matrix q(n, cols, cols, Draw::kNormal, 3);
      const AttentionShape shape{h.n_heads, h.n_kv_heads, h.head_dim, 0.2f, kv_type};
      testing::Workbench alone(*testing::available_tables().front());
      const auto want = run(q, rows, shape, alone.exec());
      for (const KernelTable* table : testing::available_tables()) {
        for (const int n_threads : {1, 2, 3}) {
          ThreadPool pool(n_threads);
          Arena arena;
          ASSERT_TRUE(arena.reserve(attention_scratch_bytes()).has_value());
          Exec exec{table, &pool, &arena};
          ASSERT_TRUE(testing::same_bits(run(q, rows, shape, exec), want))
              << step.name << ", " << table->name << ", " << n_threads << " threads, kv " << int(kv_type);
          EXPECT_LE(arena.peak(), attention_scratch_bytes());
          if (h.n_kv_heads == 1) {
            EXPECT_EQ(arena.peak() > 0, n_threads > 1) << step.name << ": split or not";
          }
        }
      }
    }
  }
}

TEST(Attention, NeedsNoPagesBehindItsWindow) {
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table, 2);
    PagedKv kv(200, 1, 32, KvElement::kF32);
    kv.fill(200, 1);
    const AttentionShape shape{2, 1, 32, 1.0f, KvElement::kF32};
    const Matrix q(3, 64, 64, Draw::kNormal, 2);
    const std::vector<Range> ranges = {{128, 190}, {129, 191}, {130, 192}};
    const auto want = run(q, rows_over(kv, ranges), shape, bench.exec());
    kv.release(0);
    kv.release(1);
    kv.release(3);
    EXPECT_TRUE(testing::same_bits(run(q, rows_over(kv, ranges), shape, bench.exec()), want)) << table->name;
  }
}

// Keys that a row does not see may be anything, also when their page is read: here they were never stored.
TEST(Attention, LetsNothingOfInvisibleKeysThrough) {
  for (const KvElement kv_type : kKvTypes) {
    const AttentionShape shape{2, 1, 32, 0.5f, kv_type};
    PagedKv whole(200, 1, 32, kv_type);
    whole.fill(200, 1);
    const Matrix q(1, 64, 64, Draw::kNormal, 2);
    for (const Range& range : edge_ranges()) {
      PagedKv sparse(200, 1, 32, kv_type);
      std::vector<float> k(32), v(32);
      for (std::int64_t key = range.first; key < range.end; ++key) {
        load_kv(whole.pages()[key / 64], 32, kv_type, key % 64, k.data(), v.data());
        sparse.store(key, 0, k.data(), v.data());
      }
      for (const KernelTable* table : testing::available_tables()) {
        testing::Workbench bench(*table);
        ASSERT_TRUE(testing::same_bits(run(q, rows_over(sparse, {range}), shape, bench.exec()),
                                       run(q, rows_over(whole, {range}), shape, bench.exec())))
            << table->name << " [" << range.first << ", " << range.end << ")";
      }
    }
  }
}

// One key: its value itself, whatever the score.
TEST(Attention, OfOneKeyIsItsValue) {
  for (const KvElement kv_type : kKvTypes) {
    PagedKv kv(1, 1, 32, kv_type);
    kv.fill(1, 1);
    std::vector<float> k(32), v(32);
    load_kv(kv.pages()[0], 32, kv_type, 0, k.data(), v.data());
    for (const KernelTable* table : testing::available_tables()) {
      testing::Workbench bench(*table);
      const Matrix q(1, 32, 32, Draw::kNormal, 2);
      EXPECT_EQ(run(q, rows_over(kv, {{0, 1}}), {1, 1, 32, 1.0f, kv_type}, bench.exec()), v) << table->name;
    }
  }
}

// Scores of thousands: exp of the difference to the largest never overflows.
TEST(Attention, TakesHugeScores) {
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table);
    PagedKv kv(130, 1, 32, KvElement::kF32);
    kv.fill(130, 1);
    const Matrix q(2, 32, 32, Draw::kHuge, 2);
    for (const float y : run(q, rows_over(kv, {{0, 130}, {5, 100}}), {1, 1, 32, 100.0f, KvElement::kF32}, bench.exec()))
      EXPECT_LT(std::fabs(y), 10) << table->name;
  }
}

}  // namespace
}  // namespace carat::kernels
