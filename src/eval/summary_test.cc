#include "eval/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace carat::eval {
namespace {

TEST(Summary, MeansByHand) {
  const std::vector<PositionScore> scores = {{.nll = 1, .reference_nll = 2, .kl = 0.5, .reference_top = 0},
                                             {.nll = 3, .reference_nll = 2, .kl = 0.25, .reference_top = 1},
                                             {.nll = 5, .reference_nll = 5, .kl = 0, .reference_top = 0},
                                             {.nll = 7, .reference_nll = 3, .kl = 1.25, .reference_top = 0}};
  const Summary s = summarize(scores, true);
  EXPECT_EQ(s.n_positions, 4);
  EXPECT_EQ(s.mean_nll, 4);
  EXPECT_NEAR(s.perplexity, std::exp(4.0), 1e-12);
  ASSERT_TRUE(s.comparison.has_value());
  EXPECT_EQ(s.comparison->reference_mean_nll, 3);
  EXPECT_NEAR(s.comparison->reference_perplexity, std::exp(3.0), 1e-12);
  EXPECT_EQ(s.comparison->mean_kl, 0.5);
  EXPECT_EQ(s.comparison->max_kl, 1.25);
  EXPECT_EQ(s.comparison->kl_p999, 1.25);  // of four positions only all are 99.9 %
  EXPECT_EQ(s.comparison->same_top, 0.75);
  EXPECT_EQ(s.comparison->mean_abs_nll_difference, 1.5);
}

TEST(Summary, WithoutAReference) {
  const std::vector<PositionScore> scores = {{.nll = 2}, {.nll = 4}};
  const Summary s = summarize(scores, false);
  EXPECT_EQ(s.mean_nll, 3);
  EXPECT_FALSE(s.comparison.has_value());
}

// The k-th smallest of 0, 1, 2, ... in any order is k - 1.
TEST(Summary, ThePercentileIsARank) {
  const struct {
    int n;
    double p999, max;
  } cases[] = {{1, 0, 0}, {999, 998, 998}, {1000, 998, 999}, {1001, 999, 1000}, {2000, 1997, 1999}, {2011, 2008, 2010}};
  for (const auto& c : cases) {
    std::vector<PositionScore> scores(static_cast<std::size_t>(c.n));
    for (int i = 0; i < c.n; ++i) scores[static_cast<std::size_t>(c.n - 1 - i)].kl = i;
    const Summary s = summarize(scores, true);
    EXPECT_EQ(s.comparison->kl_p999, c.p999) << c.n;
    EXPECT_EQ(s.comparison->max_kl, c.max) << c.n;
  }
}

}  // namespace
}  // namespace carat::eval
