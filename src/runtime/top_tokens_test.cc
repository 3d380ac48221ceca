#include "runtime/top_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace carat::runtime {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// The definition: everything sorted.
std::vector<TokenLogit> by_definition(const std::vector<float>& logits, std::int64_t k) {
  std::vector<TokenLogit> all;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != kMinusInfinity) all.push_back({static_cast<tokenizer::TokenId>(i), logits[i]});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.logit > b.logit; });
  if (k > 0 && all.size() > static_cast<std::size_t>(k)) all.resize(static_cast<std::size_t>(k));
  return all;
}

/// `levels` distinct values: few of them make many ties.
std::vector<float> random_logits(std::size_t n, int levels, std::uint64_t seed) {
  std::vector<float> logits(n);
  for (std::size_t i = 0; i < n; ++i) {
    const int level = static_cast<int>(uniform_at(seed, 0, i) * levels);
    logits[i] =
        level == 0 ? kMinusInfinity : static_cast<float>(level - levels / 2) * 60.0f / static_cast<float>(levels);
  }
  return logits;
}

TEST(TopTokens, EqualsTheFullSortAtEverySizeWithAndWithoutTies) {
  std::vector<TokenLogit> top;
  for (const std::size_t n : {1u, 2u, 100u, 5000u, 40000u}) {
    for (const int levels : {2, 5, 1000, 1 << 24}) {
      const auto logits = random_logits(n, levels, n + static_cast<std::size_t>(levels));
      for (const std::int64_t k : {0, 1, 2, 20, 64, 300, 1024, 5000, 50000}) {
        top_tokens(logits, k, top);
        ASSERT_EQ(top, by_definition(logits, k)) << "n " << n << " levels " << levels << " k " << k;
      }
      ASSERT_EQ(argmax(logits), top.empty() ? -1 : top[0].id);
    }
  }
}

TEST(TopTokens, AscendingAndDescendingRuns) {
  std::vector<float> up(30000);
  for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<float>(i) - 15000.5f;
  std::vector<float> down(up.rbegin(), up.rend());
  std::vector<TokenLogit> top;
  for (const std::int64_t k : {1, 64, 0}) {
    top_tokens(up, k, top);
    EXPECT_EQ(top, by_definition(up, k));
    top_tokens(down, k, top);
    EXPECT_EQ(top, by_definition(down, k));
  }
}

TEST(TopTokens, BothZerosAreEqual) {
  const std::vector<float> logits = {-1.0f, -0.0f, 0.0f, -0.0f};
  std::vector<TokenLogit> top;
  top_tokens(logits, 0, top);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 2);
  EXPECT_EQ(top[2].id, 3);
  EXPECT_EQ(argmax(logits), 1);
}

TEST(TopTokens, NothingButMinusInfinity) {
  const std::vector<float> logits(10, kMinusInfinity);
  std::vector<TokenLogit> top;
  top_tokens(logits, 3, top);
  EXPECT_TRUE(top.empty());
  EXPECT_EQ(argmax(logits), -1);
}

}  // namespace
}  // namespace carat::runtime
