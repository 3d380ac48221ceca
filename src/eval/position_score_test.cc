#include "eval/position_score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace carat::eval {
namespace {

// The logits of given probabilities, shifted by a constant, which changes nothing.
std::vector<float> logits_of(std::vector<double> probabilities, double shift) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p) + shift));
  return logits;
}

TEST(PositionScore, NegativeLogLikelihoodByHand) {
  const std::vector<float> logits = logits_of({0.5, 0.25, 0.125, 0.125}, 3);
  EXPECT_NEAR(score(logits, 0).nll, std::log(2.0), 1e-6);
  EXPECT_NEAR(score(logits, 1).nll, std::log(4.0), 1e-6);
  EXPECT_NEAR(score(logits, 3).nll, std::log(8.0), 1e-6);
}

TEST(PositionScore, EqualLogitsAreTheLogarithmOfTheVocabulary) {
  const std::vector<float> logits(1000, -7.5f);
  EXPECT_NEAR(score(logits, 999).nll, std::log(1000.0), 1e-12);
}

TEST(PositionScore, LargeLogitsDoNotOverflow) {
  const std::vector<float> logits = {1e30f, 0, -1e30f};
  EXPECT_EQ(score(logits, 0).nll, 0);
  EXPECT_NEAR(score(logits, 1).nll, 1e30, 1e24);
}

TEST(PositionScore, DivergenceByHand) {
  // KL(p || q) = 1/2 log(1/2 : 1/4) + 1/4 log(1/4 : 1/2) + 1/4 log 1 = log(2) / 4.
  const std::vector<float> p = logits_of({0.5, 0.25, 0.25}, 1), q = logits_of({0.25, 0.5, 0.25}, -2);
  const PositionScore s = compare(q, p, 1);
  EXPECT_NEAR(s.kl, std::log(2.0) / 4, 1e-6);
  EXPECT_NEAR(s.nll, std::log(2.0), 1e-6);
  EXPECT_NEAR(s.reference_nll, std::log(4.0), 1e-6);
  EXPECT_FALSE(s.same_top());
}

TEST(PositionScore, DivergenceHasADirection) {
  const std::vector<float> p = logits_of({0.9, 0.1}, 0), q = logits_of({0.5, 0.5}, 0);
  EXPECT_NEAR(compare(q, p, 0).kl, 0.9 * std::log(1.8) + 0.1 * std::log(0.2), 1e-6);
  EXPECT_NEAR(compare(p, q, 0).kl, 0.5 * std::log(0.5 / 0.9) + 0.5 * std::log(5.0), 1e-6);
}

TEST(PositionScore, TheSameLogitsAreNoDistanceApart) {
  const std::vector<float> logits = logits_of({0.6, 0.3, 0.1}, 5);
  std::vector<float> shifted = logits;
  for (float& l : shifted) l += 8;
  EXPECT_EQ(compare(logits, logits, 2).kl, 0);
  EXPECT_TRUE(compare(logits, logits, 2).same_top());
  EXPECT_GE(compare(shifted, logits, 2).kl, 0);
  EXPECT_LT(compare(shifted, logits, 2).kl, 1e-12);
}

TEST(PositionScore, SmallDivergencesKeepTheirDigits) {
  // q moves one of n equal logits by d: KL = log(1 + (e^d - 1) / n) - d / n, about d^2 / 2n.
  constexpr int kVocab = 4096;
  const std::vector<float> p(kVocab, 2.0f);
  std::vector<float> q = p;
  q[7] += 0.0078125f;
  const double d = 0.0078125, n = kVocab;
  const double expected = std::log1p(std::expm1(d) / n) - d / n;
  EXPECT_NEAR(compare(q, p, 0).kl / expected, 1, 1e-5);
}

TEST(PositionScore, TheLowestIdAmongEqualsIsTheTop) {
  const std::vector<float> a = {1, 3, 3, 0}, b = {1, 2, 2, 2}, c = {1, 2, 2.5f, 2};
  EXPECT_TRUE(compare(a, b, 0).same_top());
  EXPECT_FALSE(compare(a, c, 0).same_top());
}

TEST(PositionScore, WhatIsNotFiniteStaysSo) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();
  const std::vector<float> good = {1, 2, 3};
  for (const auto& bad : {std::vector<float>{kNan, 2, 3}, {1, 2, kNan}, {1, kInf, 3}}) {
    EXPECT_FALSE(std::isfinite(score(bad, 0).nll));
    EXPECT_FALSE(std::isfinite(compare(bad, good, 0).nll));
    EXPECT_FALSE(std::isfinite(compare(good, bad, 0).reference_nll));
    EXPECT_FALSE(std::isfinite(compare(good, bad, 0).kl));
  }
}

}  // namespace
}  // namespace carat::eval
