#include "cli/chat/conversation.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <limits>

#include "formats/model_source.h"
#include "formats/model_tokenizer.h"
#include "runtime/session_testing.h"

namespace carat::cli {
namespace {

using runtime::FakeModel;
using runtime::FinishReason;
using tokenizer::TokenId;

/// The tokenizer of the small golden model, which has Gemma 4's control strings.
const tokenizer::Tokenizer& small_tokenizer() {
  static const tokenizer::Tokenizer tokenizer = [] {
    const auto folder = std::filesystem::path(CARAT_SOURCE_DIR) / "tests" / "golden" / "text" / "e2b";
    return formats::open_tokenizer(formats::open_model(folder).value()).value();
  }();
  return tokenizer;
}

/// Answers that depend on every token before, and never end by themselves.
void endless_script(std::span<const TokenId> history, std::span<float> logits) {
  runtime::hash_script(history, logits);
  for (const TokenId id : {*small_tokenizer().control_id("<turn|>"), small_tokenizer().eos()}) {
    logits[static_cast<std::size_t>(id)] = -100;
  }
}

class NoView final : public AnswerView {
 public:
  Result<void> event(const chat::ReplyEvent&) override { return failure ? Result<void>(*failure) : Result<void>(); }
  Result<void> end(const AnswerStats&) override { return {}; }
  void token() override {
    ++n_tokens;
    if (on_token) on_token();
  }

  std::optional<Error> failure;
  std::function<void()> on_token;
  std::int64_t n_tokens = 0;
};

/// An engine of a scripted model with the small tokenizer's vocabulary, and a conversation on it.
struct Talk {
  explicit Talk(FakeModel::Script script = endless_script, std::int64_t context = 4096, std::int64_t max_tokens = 40)
      : model(FakeModel::small_config(static_cast<std::int64_t>(small_tokenizer().vocab_size())), std::move(script)),
        kv(runtime::KvCache::create(
               {.layouts = model.kv_layouts(model::KvType::kF16), .n_layers = model.config().n_layers()})
               .value()),
        engine{model, kv, exec, context, 64},
        conversation(engine, small_tokenizer(),
                     {.format = chat::ChatFormat::kGemma4Small,
                      .stop_ids = {*small_tokenizer().control_id("<turn|>"), small_tokenizer().eos()},
                      .sampling = {.temperature = 0},
                      .max_tokens = max_tokens}) {}

  /// Sends the turns, keeps the answer as a turn.
  ConversationAnswer say(const std::string& text) {
    turns.push_back({"user", text});
    ConversationAnswer given = answer();
    turns.push_back({"assistant", given.content});
    return given;
  }
  ConversationAnswer answer(std::uint32_t choice = 0) {
    return conversation.answer(prompt().value(), choice, view, &cancel).value();
  }
  Result<ConversationPrompt> prompt() {
    std::vector<const ChatTurn*> pointers;
    for (const ChatTurn& turn : turns) pointers.push_back(&turn);
    return conversation.prompt(pointers, system, think);
  }
  /// Rows that the model was given since the last call.
  std::int64_t rows() {
    std::int64_t n = 0;
    for (; n_seen < model.steps().size(); ++n_seen) n += static_cast<std::int64_t>(model.steps()[n_seen].size());
    return n;
  }

  FakeModel model;
  runtime::KvCache kv;
  kernels::Exec exec;
  runtime::Engine engine;
  Conversation conversation;
  NoView view;
  std::atomic<bool> cancel{false};
  std::vector<ChatTurn> turns;
  std::string system;
  bool think = false;
  std::size_t n_seen = 0;
};

/// What a fresh engine answers to the same turns.
std::string alone(const Talk& talk) {
  Talk fresh;
  fresh.turns = talk.turns;
  fresh.system = talk.system;
  fresh.think = talk.think;
  return fresh.answer().content;
}

TEST(Conversation, ATurnComputesOnlyItsNewTokens) {
  Talk talk;
  talk.say("hello there");
  talk.rows();
  for (const char* text : {"and then?", "why is that so", "thanks"}) {
    talk.turns.push_back({"user", text});
    const auto prompt = talk.prompt().value();
    const std::string expected = alone(talk);
    const ConversationAnswer answer = talk.answer();
    EXPECT_EQ(answer.content, expected) << "as a fresh session";
    EXPECT_GT(answer.n_cached_tokens, 0);
    const std::int64_t n_new = static_cast<std::int64_t>(prompt.ids.size()) - answer.n_cached_tokens;
    EXPECT_EQ(talk.rows(), n_new + answer.stats.n_tokens - 1) << "each new token once";
    talk.turns.push_back({"assistant", answer.content});
  }
}

TEST(Conversation, AnotherAnswerComputesNothingOfThePromptAgain) {
  Talk talk(endless_script, 4096, 400);  // far behind the sliding windows
  talk.turns.push_back({"user", "hello there"});
  const ConversationAnswer first = talk.answer();
  EXPECT_EQ(first.stats.n_tokens, 400);
  talk.rows();
  const ConversationAnswer again = talk.answer();
  EXPECT_EQ(again.content, first.content) << "the same choice";
  EXPECT_EQ(again.n_cached_tokens, again.stats.n_prompt_tokens);
  EXPECT_EQ(talk.rows(), 400) << "the prompt's last token for its logits, and the answer but its last";
}

TEST(Conversation, EditsAndSettingsKeepWhatIsCommon) {
  Talk talk;
  talk.say("hello there");
  talk.say("and then?");
  talk.turns.resize(2);
  talk.turns.push_back({"user", "and not?"});
  std::string expected = alone(talk);
  ConversationAnswer answer = talk.answer();
  EXPECT_EQ(answer.content, expected);
  EXPECT_GT(answer.n_cached_tokens, 20) << "the first exchange";

  talk.system = "be kind";
  expected = alone(talk);
  answer = talk.answer();
  EXPECT_EQ(answer.content, expected);
  EXPECT_LE(answer.n_cached_tokens, 3) << "the system message stands before everything";
}

TEST(Conversation, MemoryIsWhatThePlanSays) {
  for (const std::int64_t n_words : {1, 40, 300}) {
    Talk talk(endless_script, 1500, 400);
    std::string words;
    for (std::int64_t i = 0; i < n_words; ++i) words += " to";
    talk.say(words);
    talk.answer();
    talk.say("and then?");
    const auto layouts = talk.model.kv_layouts(model::KvType::kF16);
    const std::int64_t planned = runtime::KvCache::planned_bytes(layouts, 1500, 1, talk.engine.chunk).value() +
                                 runtime::KvCache::planned_fork_bytes(layouts, 1500, talk.engine.chunk).value();
    EXPECT_LE(talk.kv.peak_bytes(), planned) << n_words;
    EXPECT_GT(talk.kv.peak_bytes(), 0);
  }
}

TEST(Conversation, ThoughtsAreNotInLaterPrompts) {
  const auto& tokenizer = small_tokenizer();
  const TokenId open = *tokenizer.control_id("<|channel>"), close = *tokenizer.control_id("<channel|>"),
                stop = *tokenizer.control_id("<turn|>");
  std::vector<TokenId> script = {open};
  for (const TokenId id : tokenizer.encode("thought\nlet me see")) script.push_back(id);
  script.insert(script.end(), 90, tokenizer.encode("m").front());
  script.push_back(close);
  for (const TokenId id : tokenizer.encode("yes")) script.push_back(id);
  script.push_back(stop);
  std::int64_t n_prompt = 0;
  Talk talk(
      [&](std::span<const TokenId> history, std::span<float> logits) {
        const auto i = static_cast<std::int64_t>(history.size()) - n_prompt;
        logits[static_cast<std::size_t>(
            i >= 0 && i < static_cast<std::int64_t>(script.size()) ? script[static_cast<std::size_t>(i)] : 0)] = 10;
      },
      4096, 400);
  talk.think = true;
  talk.turns.push_back({"user", "is it?"});
  n_prompt = static_cast<std::int64_t>(talk.prompt()->ids.size());
  const ConversationAnswer answer = talk.answer();
  EXPECT_EQ(answer.content, "yes");
  EXPECT_TRUE(answer.thinking.starts_with("let me see")) << answer.thinking;
  EXPECT_GE(answer.n_thinking_tokens, 90);
  EXPECT_EQ(answer.stats.reason, FinishReason::kStopToken);

  talk.turns.push_back({"assistant", answer.content, answer.thinking});
  talk.turns.push_back({"user", "really?"});
  const std::int64_t first_prompt = n_prompt;
  n_prompt = static_cast<std::int64_t>(talk.prompt()->ids.size());
  const ConversationAnswer second = talk.answer();
  EXPECT_EQ(second.n_cached_tokens, first_prompt) << "kept, though the thought lies beyond the sliding windows";
  EXPECT_EQ(second.content, "yes");
}

TEST(Conversation, CtrlCKeepsWhatCame) {
  Talk talk;
  talk.turns.push_back({"user", "hello"});
  talk.view.on_token = [&] { talk.cancel = talk.view.n_tokens == 7; };
  const ConversationAnswer answer = talk.answer();
  EXPECT_EQ(answer.stats.reason, FinishReason::kCancelled);
  EXPECT_EQ(answer.stats.n_tokens, 7);
  EXPECT_FALSE(answer.content.empty());
  EXPECT_FALSE(answer.error);

  talk.view.on_token = {};
  talk.cancel = true;
  const ConversationAnswer nothing = talk.answer();
  EXPECT_EQ(nothing.stats.n_tokens, 0);
  EXPECT_EQ(nothing.content, "");
  talk.cancel = false;
  EXPECT_EQ(talk.answer().content, alone(talk)) << "and it goes on";
}

TEST(Conversation, APromptOverTheContextIsRefusedWithBothCounts) {
  Talk talk(endless_script, 60);
  talk.turns.push_back({"user", std::string(300, 'x')});
  const auto prompt = talk.prompt();
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().code(), ErrorCode::kLimit);
  const std::string sentence = prompt.error().to_string();
  EXPECT_NE(sentence.find("the context is 60"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("/new"), std::string::npos);
  EXPECT_EQ(talk.rows(), 0);
  talk.turns.back().content = "x";
  talk.view.on_token = {};
  EXPECT_EQ(talk.answer().stats.reason, FinishReason::kMaxTokens);
}

TEST(Conversation, AnErrorOnTheWayKeepsTheAnswerSoFar) {
  int n = 0;
  Talk talk([&](std::span<const TokenId> history, std::span<float> logits) {
    endless_script(history, logits);
    if (++n == 5) logits[0] = std::numeric_limits<float>::infinity();
  });
  talk.turns.push_back({"user", "hello"});
  const ConversationAnswer answer = talk.answer();
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.stats.n_tokens, 4);
  EXPECT_FALSE(answer.content.empty());
  talk.view.failure = io_error("cannot write to stdout");
  const ConversationAnswer unwritten = talk.answer();
  ASSERT_TRUE(unwritten.error);
  EXPECT_EQ(unwritten.error->code(), ErrorCode::kIo);
}

TEST(Conversation, ChoicesDiffer) {
  Talk talk;
  ConversationOptions warm = talk.conversation.options();
  warm.sampling.temperature = 1;
  Conversation conversation(talk.engine, small_tokenizer(), warm);
  talk.turns.push_back({"user", "hello"});
  const auto prompt = talk.prompt().value();
  const auto answer = [&](std::uint32_t choice) {
    return conversation.answer(prompt, choice, talk.view, nullptr)->content;
  };
  const std::string first = answer(0), second = answer(1);
  EXPECT_NE(first, second);
  EXPECT_EQ(answer(0), first);
  EXPECT_EQ(answer(1), second);
}

}  // namespace
}  // namespace carat::cli
