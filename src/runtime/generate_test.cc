#include "runtime/generate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "runtime/session_testing.h"

namespace carat::runtime {
namespace {

using tokenizer::TokenId;

TEST(Generate, ASequenceAnswersTheSameAloneAndInAnyCompany) {
  for (std::size_t n = 1; n <= 9; ++n) {
    FakeEngine fake(hash_script, 4096, 48);
    std::vector<Session> sessions;
    std::vector<GenerateRequest> requests(n);
    for (std::size_t i = 0; i < n; ++i) {
      sessions.push_back(fake.session(random_prompt(static_cast<std::int64_t>(1 + 37 * i), i)));
    }
    for (std::size_t i = 0; i < n; ++i) {
      requests[i].session = &sessions[i];
      requests[i].sampling = {
          .temperature = i % 2 == 0 ? 1.2 : 0.0, .top_p = 0.9, .repetition_penalty = 1.1, .seed = i};
      requests[i].max_tokens = static_cast<std::int64_t>(30 + 11 * i);
    }
    const auto results = *generate_batch(fake.engine, requests);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(results[i].reason, FinishReason::kMaxTokens) << results[i].error->to_string();
      const TokenIds prompt = random_prompt(static_cast<std::int64_t>(1 + 37 * i), i);
      EXPECT_EQ(results[i].tokens, alone(prompt, requests[i].sampling, requests[i].max_tokens)) << i << " of " << n;
    }
  }
}

// Whatever a conversation goes through (turns, forks, steps back), its next answer is that of a fresh session.
RC_GTEST_PROP(Generate, AnAnswerIsAFunctionOfTheTokens, (const std::vector<std::uint32_t>& operations)) {
  FakeEngine fake(hash_script, 4096, 40);
  std::vector<Session> sessions;
  sessions.push_back(fake.session(random_prompt(50, 1)));
  for (const std::uint32_t op : operations) {
    Session& s = sessions[(op >> 4) % sessions.size()];
    const std::uint32_t argument = op >> 8;
    if (s.size() > 3000) break;
    switch (op % 5) {
      case 0:
        if (sessions.size() < 5) sessions.push_back(s.fork());
        break;
      case 1:
        s.truncate(1 + argument % s.size());
        break;
      case 2:
        RC_ASSERT(s.append(random_prompt(argument % 300, op)).has_value());
        break;
      default: {
        const SamplingParams sampling{.temperature = 1, .seed = op};
        const TokenIds prompt(s.tokens().begin(), s.tokens().end());
        const std::int64_t n = 1 + argument % 20;
        const auto answer = generate({.session = &s, .sampling = sampling, .max_tokens = n});
        RC_ASSERT(answer.has_value());
        RC_ASSERT(answer->tokens == alone(prompt, sampling, n));
      }
    }
  }
}

TEST(Generate, EndsForEveryReason) {
  FakeEngine fake(count_script, 30);
  Session s = fake.session({2});
  auto r = generate({.session = &s, .stop_ids = {5}});
  EXPECT_EQ(r->reason, FinishReason::kStopToken);
  EXPECT_EQ(r->tokens, (TokenIds{3, 4}));
  EXPECT_EQ(s.tokens().back(), 5);  // the stop token is part of the conversation
  r = generate({.session = &s, .max_tokens = 2});
  EXPECT_EQ(r->reason, FinishReason::kMaxTokens);
  EXPECT_EQ(r->tokens, (TokenIds{6, 7}));
  r = generate({.session = &s, .max_tokens = 0});
  EXPECT_EQ(r->reason, FinishReason::kMaxTokens);
  EXPECT_TRUE(r->tokens.empty());
  r = generate({.session = &s, .sink = [](const GeneratedToken& t) { return t.id < 9; }});
  EXPECT_EQ(r->reason, FinishReason::kSink);
  EXPECT_EQ(r->tokens, (TokenIds{8, 9}));
  std::atomic<bool> cancel = false;
  r = generate({.session = &s,
                .sink =
                    [&](const GeneratedToken& t) {
                      cancel = t.id == 11;
                      return true;
                    },
                .cancel = &cancel});
  EXPECT_EQ(r->reason, FinishReason::kCancelled);
  EXPECT_EQ(r->tokens, (TokenIds{10, 11}));
  r = generate({.session = &s});
  EXPECT_EQ(r->reason, FinishReason::kContextFull);
  EXPECT_EQ(s.size(), 30);
  EXPECT_EQ(r->tokens.back(), 31);
  const auto refused = generate({.session = &s});
  EXPECT_TRUE(refused.error().message().starts_with("prompt is 30 tokens, context is 30")) << refused.error().message();
}

TEST(Generate, RefusesBadRequestsBeforeAnyStep) {
  FakeEngine fake;
  Session empty(fake.engine);
  EXPECT_EQ(generate({.session = &empty}).error().code(), ErrorCode::kInvalidArgument);
  Session s = fake.session({1});
  EXPECT_EQ(generate({.session = &s, .sampling = {.top_p = 2}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(fake.model.steps().empty());
}

TEST(Generate, LogitsThatAreNoNumbersEndOnlyTheirSequence) {
  const auto script = [](std::span<const TokenId> history, std::span<float> logits) {
    hash_script(history, logits);
    if (history[0] == 13 && history.size() == 8) logits[3] = std::numeric_limits<float>::quiet_NaN();
  };
  for (const bool model_checks : {true, false}) {  // whether the model or the sampler finds it
    FakeEngine fake(script);
    fake.model.set_checks_logits(model_checks);
    Session a = fake.session({1, 2});
    Session b = fake.session({13, 13, 13});
    Session c = fake.session(random_prompt(200, 3));
    const auto results = *generate_batch(fake.engine, std::vector<GenerateRequest>{{.session = &a, .max_tokens = 20},
                                                                                   {.session = &b, .max_tokens = 20},
                                                                                   {.session = &c, .max_tokens = 20}});
    EXPECT_EQ(results[0].tokens, alone({1, 2}, {}, 20));
    EXPECT_EQ(results[1].reason, FinishReason::kError);
    EXPECT_EQ(results[1].tokens.size(), 5u);
    EXPECT_EQ(results[1].error->code(), ErrorCode::kInternal);
    EXPECT_NE(results[1].error->to_string().find("finite"), std::string::npos);
    EXPECT_EQ(results[2].tokens, alone(random_prompt(200, 3), {}, 20));
  }
}

TEST(Generate, MemoryThatRunsOutEndsOnlyWhoNeedsIt) {
  FakeEngine fake(hash_script, 4096, 64, 9 * 4096);  // the page sizes sum up to 4 KiB per 64 positions
  Session small = fake.session({1});
  Session large = fake.session(random_prompt(3000, 1));
  const auto results = *generate_batch(
      fake.engine, std::vector<GenerateRequest>{{.session = &large}, {.session = &small, .max_tokens = 40}});
  EXPECT_EQ(results[0].error->code(), ErrorCode::kLimit);
  EXPECT_EQ(results[1].tokens, alone({1}, {}, 40));
}

TEST(Generate, LogprobsAreOfTheModelsLogitsBeforeSampling) {
  FakeEngine fake;
  Session s = fake.session({1, 2, 3});
  std::vector<GeneratedToken> seen;
  ASSERT_TRUE(generate({.session = &s,
                        .sampling = {.temperature = 0.3, .logit_bias = {{7, 100.0f}}},
                        .max_tokens = 3,
                        .top_logprobs = 4,
                        .sink = [&](const GeneratedToken& t) {
                          seen.push_back(t);
                          return true;
                        }}));
  ASSERT_EQ(seen.size(), 3u);
  std::vector<float> logits(50);
  hash_script(TokenIds{1, 2, 3}, logits);
  const Logprobs expected = logprobs_of(logits, 7, 4);
  EXPECT_EQ(seen[0].id, 7);  // the bias decides, the log-probability is the model's own
  EXPECT_EQ(seen[0].position, 3);
  EXPECT_EQ(seen[0].logprobs.logprob, expected.logprob);
  ASSERT_EQ(seen[0].logprobs.top.size(), 4u);
  EXPECT_EQ(seen[0].logprobs.top[0].id, expected.top[0].id);
  EXPECT_GT(expected.top[0].logprob, expected.logprob);
}

TEST(Generate, PenaltiesKnowPromptAndAnswer) {
  FakeEngine fake([](std::span<const TokenId>, std::span<float> logits) {
    logits[5] = 10;
    logits[6] = 9.5f;
    logits[7] = 8;
  });
  Session s = fake.session({5});
  const auto presence =
      generate({.session = &s, .sampling = {.temperature = 0, .presence_penalty = 1}, .max_tokens = 4});
  EXPECT_EQ(presence->tokens, (TokenIds{5, 6, 5, 5}));  // the prompt does not count; then 9 against 8.5
  Session t = fake.session({5});
  const auto repetition =
      generate({.session = &t, .sampling = {.temperature = 0, .repetition_penalty = 2}, .max_tokens = 3});
  EXPECT_EQ(repetition->tokens, (TokenIds{6, 7, 5}));  // the prompt counts: 5, 9.5, 8; then 5, 4.75, 8; then 5, 4.75, 4
}

TEST(Generate, SuppressedIdsOfTheConfigAreNeverProduced) {
  auto config = FakeModel::small_config();
  config.suppress_token_ids = {4};
  FakeModel model(config, count_script);
  KvCache kv =
      KvCache::create({.layouts = model.kv_layouts(model::KvType::kF32), .n_layers = config.n_layers()}).value();
  kernels::Exec exec;
  Engine engine{model, kv, exec};
  Session s(engine);
  ASSERT_TRUE(s.append(TokenIds{3}));
  EXPECT_EQ(generate({.session = &s, .sampling = {.temperature = 0}, .max_tokens = 2})->tokens, (TokenIds{0, 1}));
}

}  // namespace
}  // namespace carat::runtime
