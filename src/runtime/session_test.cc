#include "runtime/session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "runtime/session_testing.h"
#include "runtime/step.h"

namespace carat::runtime {
namespace {

TEST(Session, TheExampleOfItsHeader) {
  FakeEngine fake(count_script);
  std::string shown;
  const auto show = [&](tokenizer::TokenId id) {
    shown += std::to_string(id) + " ";
    return true;
  };
  const auto example = [&]() -> Result<void> {
    const TokenIds prompt_ids = {2, 3};
    const TokenIds next_turn_ids = {20};
    Engine engine{fake.model, fake.kv, fake.exec, 4096};
    Session session(engine);
    RETURN_IF_ERROR(session.append(prompt_ids));
    ASSIGN_OR_RETURN(
        GenerateResult answer,
        generate({.session = &session, .stop_ids = {8, 106}, .max_tokens = 200, .sink = [&](const GeneratedToken& t) {
                    return show(t.id);
                  }}));
    EXPECT_EQ(answer.reason, FinishReason::kStopToken);
    EXPECT_EQ(answer.stop_id, 8);
    RETURN_IF_ERROR(session.append(next_turn_ids));
    Session other_ending = session.fork();
    session.truncate(2);
    EXPECT_EQ(other_ending.size(), 8);
    EXPECT_EQ(session.tokens().size(), 2u);
    return {};
  };
  EXPECT_TRUE(example());
  EXPECT_EQ(shown, "4 5 6 7 ");
  EXPECT_EQ(fake.kv.bytes_in_use(), 0);  // sessions give their pages back
}

TEST(Session, TheAnswerDoesNotDependOnTheChunk) {
  const SamplingParams sampling{.temperature = 1.5, .top_k = 20, .seed = 5};
  for (const std::int64_t n : {1, 15, 16, 17, 63, 64, 65, 99, 100, 101, 400}) {  // around pages and windows
    const TokenIds prompt = random_prompt(n, 1);
    const TokenIds expected = alone(prompt, sampling, 150);
    ASSERT_EQ(expected.size(), 150u);
    for (const std::int64_t chunk : {1, 7, 64, 100}) {
      FakeEngine fake(hash_script, 4096, chunk);
      Session s = fake.session(prompt);
      const auto answer = generate({.session = &s, .sampling = sampling, .max_tokens = 150});
      ASSERT_TRUE(answer) << answer.error().to_string();
      EXPECT_EQ(answer->tokens, expected) << "prompt " << n << " chunk " << chunk;
    }
  }
}

TEST(Session, OnlyTheLastPromptRowGivesLogits) {
  FakeEngine fake(hash_script, 4096, 64);
  Session s = fake.session(random_prompt(150, 2));
  ASSERT_TRUE(generate({.session = &s, .max_tokens = 2}));
  ASSERT_EQ(fake.model.steps().size(), 4u);  // 64 + 64 + 22 rows, then one for the second token
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& rows = fake.model.steps()[i];
    EXPECT_EQ(rows.size(), (std::vector<std::size_t>{64, 64, 22, 1})[i]);
    for (std::size_t r = 0; r < rows.size(); ++r) EXPECT_EQ(rows[r].wants_logits, i >= 2 && r + 1 == rows.size());
  }
}

TEST(Session, TruncatedByAnythingItAnswersLikeAFreshOne) {
  const SamplingParams sampling{.temperature = 1.5, .seed = 7};
  const TokenIds tokens = random_prompt(1300, 3);
  for (const std::int64_t back : {0, 1, 63, 64, 65, 1000, 1299}) {
    FakeEngine fake(hash_script, 4096, 128);
    Session s = fake.session(tokens);
    ASSERT_TRUE(generate({.session = &s, .sampling = sampling, .max_tokens = 1}));
    s.truncate(1300 - back);
    if (back <= 64) {
      EXPECT_LE(s.pending(), 0) << back;  // within `keep` nothing is computed again
    }
    const TokenIds prompt(tokens.begin(), tokens.end() - back);
    const auto answer = generate({.session = &s, .sampling = sampling, .max_tokens = 80});
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->tokens, alone(prompt, sampling, 80)) << back;
  }
}

TEST(Session, ForksGoOnIndependentlyAndShareTheirPast) {
  FakeEngine fake;
  const TokenIds prompt = random_prompt(1000, 4);
  Session a = fake.session(prompt);
  model::StepOutput out;
  ASSERT_TRUE(prefill(a, OutputRows::kNone, OutputRows::kNone, out));
  const std::int64_t once = fake.kv.bytes_in_use();
  std::vector<Session> choices;
  for (int i = 0; i < 3; ++i) choices.push_back(a.fork());
  EXPECT_EQ(fake.kv.bytes_in_use(), once);
  for (std::uint32_t i = 0; i < 3; ++i) {
    const SamplingParams sampling{.temperature = 2, .seed = 1, .choice = i};
    const auto answer = generate({.session = &choices[i], .sampling = sampling, .max_tokens = 90});
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->tokens, alone(prompt, sampling, 90)) << i;
  }
  EXPECT_LT(fake.kv.bytes_in_use(), 3 * once);  // four copies would be above 4 * once
  const auto answer = generate({.session = &a, .max_tokens = 20});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->tokens, alone(prompt, {}, 20));
}

TEST(Session, MutualBlocksTravelWholeWhateverTheChunk) {
  for (const std::int64_t chunk : {1, 7, 64, 1000}) {
    FakeEngine fake(hash_script, 4096, chunk);
    Session s = fake.session(random_prompt(10, 5));
    ASSERT_TRUE(s.append_soft(std::vector<float>(20 * 8, 3.0f), 42, true));
    ASSERT_TRUE(s.append_soft(std::vector<float>(30 * 8, 4.0f), 42, true));   // touches the first: another block
    ASSERT_TRUE(s.append_soft(std::vector<float>(25 * 8, 5.0f), 42, false));  // sound: may be cut
    ASSERT_TRUE(s.append(random_prompt(10, 6)));
    ASSERT_TRUE(generate({.session = &s, .max_tokens = 3}));
    std::int64_t position = 0;
    for (const auto& rows : fake.model.steps()) {
      std::int64_t of_block[2] = {0, 0};
      for (const model::Row& row : rows) {
        ASSERT_EQ(row.position, position);
        const bool soft = position >= 10 && position < 85;
        ASSERT_EQ(row.soft_embedding != nullptr, soft);
        if (soft) {
          EXPECT_EQ(row.soft_embedding[7], position < 30 ? 3.0f : position < 60 ? 4.0f : 5.0f);
        }
        ASSERT_EQ(row.block >= 0, position >= 10 && position < 60);
        if (row.block >= 0) ++of_block[position < 30 ? 0 : 1];
        ++position;
      }
      EXPECT_TRUE(of_block[0] == 0 || of_block[0] == 20) << chunk;
      EXPECT_TRUE(of_block[1] == 0 || of_block[1] == 30) << chunk;
      if (of_block[0] > 0 && of_block[1] > 0) {
        EXPECT_NE(rows[25].block, rows[35].block);
      }
    }
    EXPECT_EQ(position, 10 + 20 + 30 + 25 + 10 + 2);
  }
}

TEST(Session, ACutBlockIsComputedAgainFromItsBegin) {
  FakeEngine fake(hash_script, 4096, 64);
  Session s = fake.session(random_prompt(10, 5));
  ASSERT_TRUE(s.append_soft(std::vector<float>(20 * 8, 3.0f), 42, true));
  ASSERT_TRUE(generate({.session = &s, .max_tokens = 3}));
  s.truncate(25);
  EXPECT_EQ(s.size(), 25);
  EXPECT_EQ(s.pending(), 15);
  model::StepOutput out;
  ASSERT_TRUE(prefill(s, OutputRows::kLast, OutputRows::kNone, out));
  s.recompute_last();  // the last row's logits again need its whole block again
  EXPECT_EQ(s.pending(), 15);
}

TEST(Session, RefusesWhatDoesNotFitWithBothCounts) {
  FakeEngine fake(hash_script, 100);
  Session s = fake.session(random_prompt(60, 8));
  const auto refused = s.append(random_prompt(41, 8));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimit);
  EXPECT_TRUE(refused.error().message().starts_with("prompt is 101 tokens, context is 100"))
      << refused.error().message();
  EXPECT_EQ(s.size(), 60);
  EXPECT_EQ(s.append(TokenIds{49, 50}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(s.append_soft(std::vector<float>(7), 0, true).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(s.append_soft(std::vector<float>(41 * 8), 0, true).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(s.size(), 60);
  EXPECT_TRUE(fake.model.steps().empty());
}

TEST(Step, AFailedStepLeavesSessionsAndPagesAsTheyWere) {
  FakeEngine fake([](std::span<const tokenizer::TokenId> history, std::span<float> logits) {
    if (history.back() == 13) logits[0] = NAN;
  });
  Session good = fake.session(TokenIds(70, 1));
  model::StepOutput out;
  ASSERT_TRUE(prefill(good, OutputRows::kNone, OutputRows::kNone, out));
  ASSERT_TRUE(good.append(TokenIds(100, 1)));
  Session bad = fake.session({13});
  const std::int64_t before = fake.kv.bytes_in_use();
  const Feed feeds[] = {{&good, 100, OutputRows::kLast}, {&bad, 1, OutputRows::kLast}};
  EXPECT_FALSE(step(fake.engine, feeds, out));
  EXPECT_EQ(fake.kv.bytes_in_use(), before);
  EXPECT_EQ(good.pending(), 100);
  EXPECT_TRUE(step(fake.engine, {feeds, 1}, out));
  EXPECT_EQ(good.pending(), 0);
}

TEST(Step, PrefillCollectsTheRowsAskedFor) {
  const TokenIds prompt = random_prompt(150, 11);
  model::StepOutput whole;
  FakeEngine one(hash_script, 4096, 1000);
  Session s = one.session(prompt);
  ASSERT_TRUE(prefill(s, OutputRows::kAll, OutputRows::kLast, whole));
  EXPECT_EQ(whole.logits.size(), 150u * 50);
  EXPECT_EQ(whole.hidden.size(), 8u);
  model::StepOutput chunked;
  FakeEngine seven(hash_script, 4096, 7);
  Session t = seven.session(prompt);
  ASSERT_TRUE(prefill(t, OutputRows::kAll, OutputRows::kLast, chunked));
  EXPECT_EQ(chunked.logits, whole.logits);
  EXPECT_EQ(chunked.hidden, whole.hidden);
}

}  // namespace
}  // namespace carat::runtime
