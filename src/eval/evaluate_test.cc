#include "eval/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/rng.h"
#include "eval/summary.h"
#include "runtime/session_testing.h"

namespace carat::eval {
namespace {

using runtime::FakeModel;
using tokenizer::TokenId;
using Ids = std::vector<TokenId>;

/// A fake model as a source; its logits depend on every token so far.
struct FakeSource {
  explicit FakeSource(FakeModel::Script script = runtime::hash_script, std::int64_t vocab = 50)
      : model(FakeModel::small_config(vocab), std::move(script)),
        logits(ModelLogits::create(model, exec, model::KvType::kF16).value()) {}

  FakeModel model;
  kernels::Exec exec;
  std::unique_ptr<ModelLogits> logits;
};

// hash_script with a little noise that also depends on the history.
void noisy_script(std::span<const TokenId> history, std::span<float> logits) {
  runtime::hash_script(history, logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] += static_cast<float>(uniform_at(history.size(), 3, i) * 0.25);
  }
}

// What evaluate() promises, one position at a time.
std::vector<PositionScore> expected_scores(const Ids& ids, bool compared) {
  std::vector<PositionScore> scores;
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    std::vector<float> q(50), p(50);
    noisy_script(std::span(ids).first(i + 1), q);
    runtime::hash_script(std::span(ids).first(i + 1), p);
    scores.push_back(compared ? compare(q, p, ids[i + 1]) : score(q, ids[i + 1]));
  }
  return scores;
}

void expect_same(std::span<const PositionScore> actual, std::span<const PositionScore> expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].nll, expected[i].nll) << i;
    EXPECT_EQ(actual[i].reference_nll, expected[i].reference_nll) << i;
    EXPECT_EQ(actual[i].kl, expected[i].kl) << i;
    EXPECT_EQ(actual[i].top, expected[i].top) << i;
    EXPECT_EQ(actual[i].reference_top, expected[i].reference_top) << i;
  }
}

TEST(Evaluate, EveryPositionOnceWhateverTheChunksAndThreads) {
  const Ids ids = runtime::random_prompt(150, 1);
  const auto expected = expected_scores(ids, true);
  for (const std::int64_t chunk : {1, 7, 64, 149, 1000}) {
    for (const int threads : {1, 3}) {
      FakeSource model(noisy_script), reference;
      ThreadPool pool(threads);
      const auto scores = evaluate(std::vector<Ids>{ids}, *model.logits, reference.logits.get(), pool, chunk);
      ASSERT_TRUE(scores.has_value()) << scores.error().to_string();
      expect_same(*scores, expected);
      std::size_t most = 0;
      for (const auto& rows : model.model.steps()) most = std::max(most, rows.size());
      EXPECT_EQ(most, static_cast<std::size_t>(std::min<std::int64_t>(chunk, 149)));
    }
  }
}

TEST(Evaluate, WithoutAReference) {
  const Ids ids = runtime::random_prompt(30, 2);
  FakeSource model(noisy_script);
  ThreadPool pool(2);
  const auto scores = evaluate(std::vector<Ids>{ids}, *model.logits, nullptr, pool, 8);
  ASSERT_TRUE(scores.has_value());
  expect_same(*scores, expected_scores(ids, false));
}

TEST(Evaluate, SequencesAreFresh) {
  const Ids a = runtime::random_prompt(20, 3), b = runtime::random_prompt(9, 4);
  FakeSource model(noisy_script), reference;
  ThreadPool pool(1);
  const std::vector<Ids> sequences = {a, {7}, b};  // of one id there is nothing to predict
  const auto scores = evaluate(sequences, *model.logits, reference.logits.get(), pool, 6);
  ASSERT_TRUE(scores.has_value());
  auto expected = expected_scores(a, true);
  const auto more = expected_scores(b, true);
  expected.insert(expected.end(), more.begin(), more.end());
  expect_same(*scores, expected);
}

TEST(Evaluate, AModelIsNoDistanceFromItself) {
  const Ids ids = runtime::random_prompt(80, 5);
  FakeSource model, reference;
  ThreadPool pool(2);
  const auto scores = evaluate(std::vector<Ids>{ids}, *model.logits, reference.logits.get(), pool, 32);
  ASSERT_TRUE(scores.has_value());
  const Summary s = summarize(*scores, true);
  EXPECT_EQ(s.comparison->max_kl, 0);
  EXPECT_EQ(s.comparison->same_top, 1);
  EXPECT_EQ(s.comparison->reference_mean_nll, s.mean_nll);
}

TEST(Evaluate, Errors) {
  ThreadPool pool(1);
  FakeSource model, other(runtime::hash_script, 60);
  const auto message = [](const auto& result) { return result ? std::string() : result.error().to_string(); };
  EXPECT_NE(message(evaluate(std::vector<Ids>{{3}}, *model.logits, nullptr, pool, 8)).find("at least two tokens"),
            std::string::npos);
  EXPECT_NE(message(evaluate({}, *model.logits, nullptr, pool, 8)).find("at least two tokens"), std::string::npos);
  EXPECT_NE(message(evaluate(std::vector<Ids>{{3, 4}}, *model.logits, other.logits.get(), pool, 8)).find("50 tokens"),
            std::string::npos);
  EXPECT_NE(message(evaluate(std::vector<Ids>{{3, 4, 50}}, *model.logits, nullptr, pool, 8)).find("50"),
            std::string::npos);

  FakeSource broken([](std::span<const TokenId> history, std::span<float> logits) {
    runtime::hash_script(history, logits);
    if (history.size() == 5) logits[9] = std::numeric_limits<float>::quiet_NaN();
  });
  broken.model.set_checks_logits(false);
  const Ids ids = runtime::random_prompt(12, 6);
  EXPECT_NE(message(evaluate(std::vector<Ids>{ids}, *broken.logits, model.logits.get(), pool, 3))
                .find("position 4: a logit of the model is not finite"),
            std::string::npos);
  EXPECT_NE(message(evaluate(std::vector<Ids>{ids}, *model.logits, broken.logits.get(), pool, 8))
                .find("position 4: a logit of the reference is not finite"),
            std::string::npos);
}

}  // namespace
}  // namespace carat::eval
