#include "runtime/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/rng.h"
#include "runtime/logprobs.h"

namespace carat::runtime {
namespace {

using tokenizer::TokenId;

std::vector<float> random_logits(std::size_t n, std::uint64_t seed) {
  std::vector<float> logits(n);
  for (std::size_t i = 0; i < n; ++i) logits[i] = static_cast<float>(uniform_at(seed, 0, i) * 24 - 12);
  return logits;
}

std::vector<TokenId> ids_of(const std::vector<WarpedToken>& tokens) {
  std::vector<TokenId> ids;
  for (const WarpedToken& t : tokens) ids.push_back(t.id);
  return ids;
}

std::vector<WarpedToken> warped(const SamplingParams& params, const std::vector<float>& logits,
                                std::vector<TokenId> suppressed = {}) {
  return Sampler(params, std::move(suppressed)).warped(logits).value();
}

TEST(Sampler, ProbabilitiesAreTheSoftmaxAtTheTemperature) {
  const auto logits = random_logits(500, 1);
  const double temperature = 0.7;
  double sum = 0;
  for (const float l : logits) sum += std::exp(l / temperature);
  double total = 0;
  for (const WarpedToken& t : warped({.temperature = temperature}, logits)) {
    const double expected = std::exp(logits[static_cast<std::size_t>(t.id)] / temperature) / sum;
    EXPECT_NEAR(t.probability, expected, 1e-13 * expected);
    total += t.probability;
  }
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  // Probabilities 1/2, 1/4, 1/8, 1/8.
  const std::vector<float> logits = {-1.3862943611198906f, 0.0f, -1.3862943611198906f, -0.6931471805599453f};
  EXPECT_EQ(ids_of(warped({.top_p = 0.49}, logits)), (std::vector<TokenId>{1}));
  EXPECT_EQ(ids_of(warped({.top_p = 0.51}, logits)), (std::vector<TokenId>{1, 3}));
  EXPECT_EQ(ids_of(warped({.top_p = 0.76}, logits)), (std::vector<TokenId>{1, 3, 0}));  // the tie goes to the lower id
  EXPECT_EQ(ids_of(warped({.top_p = 0.9}, logits)), (std::vector<TokenId>{1, 3, 0, 2}));
  EXPECT_EQ(ids_of(warped({.top_p = 1e-9}, logits)), (std::vector<TokenId>{1}));
  EXPECT_NEAR(warped({.top_p = 0.51}, logits)[0].probability, 2.0 / 3, 1e-6);
  EXPECT_EQ(ids_of(warped({.top_p = 0.5}, {1, 1})), (std::vector<TokenId>{0}));  // reached exactly: enough
}

TEST(Sampler, TopKComesBeforeTopPAndMinPLast) {
  const std::vector<float> logits = {-1.3862943611198906f, 0.0f, -1.3862943611198906f, -0.6931471805599453f};
  // After top-k 2 the first has 2/3: top-p 0.6 keeps it alone, which it would not without top-k.
  EXPECT_EQ(ids_of(warped({.top_k = 2, .top_p = 0.6}, logits)), (std::vector<TokenId>{1}));
  EXPECT_EQ(ids_of(warped({.top_p = 0.6}, logits)), (std::vector<TokenId>{1, 3}));
  EXPECT_EQ(ids_of(warped({.min_p = 0.4}, logits)), (std::vector<TokenId>{1, 3}));
  EXPECT_EQ(ids_of(warped({.min_p = 1}, logits)), (std::vector<TokenId>{1}));
  EXPECT_EQ(ids_of(warped({.temperature = 0.5, .min_p = 0.2}, logits)), (std::vector<TokenId>{1, 3}));
  EXPECT_EQ(ids_of(warped({.top_k = 3}, logits)), (std::vector<TokenId>{1, 3, 0}));
}

TEST(Sampler, GreedyTakesTheLowestIdAmongEqualsAndIgnoresTheRest) {
  Sampler greedy({.temperature = 0, .top_k = 1, .top_p = 0.1, .seed = 9}, {});
  EXPECT_EQ(greedy.sample(std::vector<float>{1, 3, 2, 3}, 0).value(), 1);
}

TEST(Sampler, SuppressionAndBiasComeBeforePenalties) {
  const std::vector<float> logits = {1, 2, 3, 4};
  Sampler suppressed({.temperature = 0, .logit_bias = {{3, 100.0f}}}, {3});
  EXPECT_EQ(suppressed.sample(logits, 0).value(), 2);
  Sampler biased({.temperature = 0, .logit_bias = {{0, 3.5f}}}, {});
  EXPECT_EQ(biased.sample(logits, 0).value(), 0);
  // 1 + 3.5 = 4.5, then halved by the penalty: 2.25 < 4. The other order would give 0.5 + 3.5 = 4, a tie won by 0.
  Sampler both({.temperature = 0, .repetition_penalty = 2, .logit_bias = {{0, 3.5f}}}, {});
  both.add_prompt_token(0);
  EXPECT_EQ(both.sample(logits, 0).value(), 3);
}

TEST(Sampler, PenaltiesFollowTheirFormulas) {
  const std::vector<float> logits = {2, -2, 1, 0};
  SamplingParams params{.repetition_penalty = 1.25, .presence_penalty = 0.5, .frequency_penalty = 0.25};
  Sampler sampler(params, {});
  sampler.add_prompt_token(0);  // repetition only
  for (int i = 0; i < 3; ++i) sampler.add_answer_token(1);
  std::map<TokenId, double> p;
  const std::vector<WarpedToken> tokens = sampler.warped(logits).value();
  for (const WarpedToken& t : tokens) p[t.id] = t.probability;
  const double expected[] = {2 / 1.25, -2 * 1.25 - 0.5 - 3 * 0.25, 1, 0};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(std::log(p[i] / p[3]), expected[i], 1e-6) << i;
}

TEST(Sampler, DrawsFollowTheProbabilities) {
  const auto logits = random_logits(12, 3);
  Sampler sampler({.temperature = 4, .top_k = 8, .seed = 123}, {});
  const auto expected = sampler.warped(logits).value();
  std::map<TokenId, int> counts;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) ++counts[sampler.sample(logits, i).value()];
  double chi_square = 0;
  for (const WarpedToken& t : expected) {
    const double mean = t.probability * kDraws;
    chi_square += (counts[t.id] - mean) * (counts[t.id] - mean) / mean;
    counts.erase(t.id);
  }
  EXPECT_TRUE(counts.empty());  // nothing outside the support
  EXPECT_LT(chi_square, 24.3);  // 7 degrees of freedom, p = 0.001
}

TEST(Sampler, NoiseIsAFunctionOfSeedChoiceAndPosition) {
  const auto logits = random_logits(1000, 4);
  const auto draw = [&](std::uint64_t seed, std::uint32_t choice, std::int64_t position) {
    return Sampler({.temperature = 5, .seed = seed, .choice = choice}, {}).sample(logits, position).value();
  };
  Sampler one({.temperature = 5, .seed = 1}, {});
  int differ_by_choice = 0;
  int differ_by_seed = 0;
  for (int position = 50; position-- > 0;) {  // any order, fresh or used sampler
    EXPECT_EQ(one.sample(logits, position).value(), draw(1, 0, position));
    differ_by_choice += draw(1, 0, position) != draw(1, 1, position) ? 1 : 0;
    differ_by_seed += draw(1, 0, position) != draw(2, 0, position) ? 1 : 0;
  }
  EXPECT_GT(differ_by_choice, 40);
  EXPECT_GT(differ_by_seed, 40);
}

TEST(Sampler, RefusesWhatIsNotANumberAndNothingLeft) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    for (const double temperature : {0.0, 1.0}) {
      const auto r = Sampler({.temperature = temperature}, {}).sample(std::vector<float>{1, bad, 2}, 0);
      ASSERT_FALSE(r);
      EXPECT_EQ(r.error().code(), ErrorCode::kInternal);
    }
  }
  EXPECT_EQ(Sampler({}, {0, 1}).sample(std::vector<float>{1, 2}, 0).error().code(), ErrorCode::kInvalidArgument);
}

TEST(SamplingParams, AreRefusedByName) {
  EXPECT_TRUE(validate({}, 10));
  const auto message = [](const SamplingParams& p) { return std::string(validate(p, 10).error().message()); };
  EXPECT_EQ(message({.temperature = -1}), "temperature is -1, expected 0 (always the likeliest) or more");
  EXPECT_EQ(message({.top_p = 0}), "top_p is 0, expected a number above 0, at most 1");
  EXPECT_EQ(message({.top_k = -3}), "top_k is -3, expected 0 (all) or more");
  EXPECT_EQ(message({.logit_bias = {{10, 1.0f}}}), "logit_bias names token 10, but the vocabulary has ids 0 to 9");
  EXPECT_FALSE(validate({.temperature = std::nan("")}, 10));
  EXPECT_FALSE(validate({.min_p = 1.5}, 10));
  EXPECT_FALSE(validate({.repetition_penalty = 0}, 10));
  EXPECT_FALSE(validate({.frequency_penalty = std::numeric_limits<double>::infinity()}, 10));
}

TEST(Logprobs, AreTheLogSoftmax) {
  const auto logits = random_logits(300, 5);
  double sum = 0;
  for (const float l : logits) sum += std::exp(static_cast<double>(l));
  const Logprobs lp = logprobs_of(logits, 17, 5);
  EXPECT_NEAR(lp.logprob, logits[17] - std::log(sum), 1e-12);
  ASSERT_EQ(lp.top.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(lp.top[i].logprob, logits[static_cast<std::size_t>(lp.top[i].id)] - std::log(sum), 1e-12);
    EXPECT_GE(lp.top[0].logprob, lp.top[i].logprob);
  }
  EXPECT_EQ(lp.top[0].id, argmax(logits));
}

}  // namespace
}  // namespace carat::runtime
