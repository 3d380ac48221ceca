#include "cli/chat/conversation.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/answer_stream.h"
#include "cli/quantities.h"

namespace carat::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = chat::ReplyEvent::Kind;
using tokenizer::TokenId;

double ms_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

/// Keeps an answer's text while it passes to the view.
class Recorder final : public AnswerWriter {
 public:
  Recorder(AnswerView& view, ConversationAnswer& answer) : view_(view), answer_(answer) {}

  void token() {
    if (!first_) first_ = Clock::now();
    ++n_tokens_;
    view_.token();
  }
  Result<void> event(const chat::ReplyEvent& event) override {
    if (event.kind == Kind::kThinking) answer_.thinking += event.text;
    if (event.kind == Kind::kText) {
      if (answer_.content.empty()) end_thought();
      answer_.content += event.text;
    }
    return view_.event(event);
  }
  Result<void> end(const AnswerStats& stats) override {
    if (answer_.content.empty()) end_thought();
    return view_.end(stats);
  }
  std::optional<Clock::time_point> first_token() const { return first_; }
  std::int64_t n_tokens() const { return n_tokens_; }

 private:
  void end_thought() {
    if (answer_.thinking.empty()) return;
    answer_.n_thinking_tokens = n_tokens_;
    answer_.thinking_ms = ms_between(*first_, Clock::now());
  }

  AnswerView& view_;
  ConversationAnswer& answer_;
  std::optional<Clock::time_point> first_;
  std::int64_t n_tokens_ = 0;
};

std::size_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

Result<ConversationPrompt> Conversation::prompt(std::span<const ChatTurn* const> turns, const std::string& system,
                                                bool think) const {
  chat::Request request;
  if (!system.empty()) request.messages.push_back({.role = "system", .content = system});
  for (const ChatTurn* turn : turns) request.messages.push_back({.role = turn->role, .content = turn->content});
  request.options = {.add_generation_prompt = true, .enable_thinking = think};
  ASSIGN_OR_RETURN(const chat::Prompt rendered, chat::render(options_.format, request));
  ConversationPrompt prompt{{}, rendered.ends_in_thought, think};
  ASSIGN_OR_RETURN(prompt.ids, chat::encode(rendered, tokenizer_));
  const auto n = static_cast<std::int64_t>(prompt.ids.size());
  if (n >= engine_.context) {
    return limit_exceeded(
        fmt::format("with this message the chat is {} tokens, the context is {}: shorten the message, begin a new chat "
                    "(/new), or start carat with a larger --context",
                    grouped(static_cast<std::uint64_t>(n)), grouped(static_cast<std::uint64_t>(engine_.context))));
  }
  return prompt;
}

Result<std::int64_t> Conversation::resume(std::span<const TokenId> ids) {
  std::optional<runtime::Session> best;
  std::int64_t best_computed = 0;
  for (std::optional<runtime::Session>* kept : {&live_, &prompt_only_}) {
    if (!kept->has_value()) continue;
    runtime::Session candidate = (*kept)->fork();
    candidate.truncate(static_cast<std::int64_t>(common_prefix(candidate.tokens(), ids)));
    const std::int64_t computed = candidate.size() - candidate.pending();
    if (computed <= best_computed) continue;
    best_computed = computed;
    best.emplace(std::move(candidate));
  }
  // Before anything new is computed, so that only one of them takes memory.
  live_.reset();
  prompt_only_.reset();
  if (best) {
    live_.emplace(std::move(*best));
  } else {
    live_.emplace(engine_);
  }
  RETURN_IF_ERROR(live_->append(ids.subspan(static_cast<std::size_t>(live_->size()))));
  return best_computed;
}

Result<ConversationAnswer> Conversation::answer(const ConversationPrompt& prompt, std::uint32_t choice,
                                                AnswerView& view, const std::atomic<bool>* cancel) {
  ASSIGN_OR_RETURN(runtime::StopStrings stop, runtime::StopStrings::create(options_.stop_strings));
  ConversationAnswer answer;
  answer.stats.n_prompt_tokens = static_cast<std::int64_t>(prompt.ids.size());
  ASSIGN_OR_RETURN(answer.n_cached_tokens, resume(prompt.ids));

  Recorder recorder(view, answer);
  chat::ReplyParser parser(tokenizer_, {.starts_in_thought = prompt.starts_in_thought, .keep_thinking = prompt.think});
  AnswerStream stream(tokenizer_, std::move(parser), std::move(stop), recorder);
  runtime::GenerateRequest request{.session = &*live_,
                                   .sampling = options_.sampling,
                                   .stop_ids = options_.stop_ids,
                                   .max_tokens = options_.max_tokens,
                                   .cancel = cancel};
  request.sampling.choice = choice;
  request.prompt_progress = [&](std::int64_t n_done, std::int64_t n_all) { view.prompt_progress(n_done, n_all); };
  request.sink = [&](const runtime::GeneratedToken& token) {
    if (!prompt_only_) {
      prompt_only_.emplace(live_->fork());
      prompt_only_->truncate(answer.stats.n_prompt_tokens);
    }
    recorder.token();
    return stream.push(token.id);
  };
  const Clock::time_point start = Clock::now();
  auto result = runtime::generate(request);
  const Clock::time_point end = Clock::now();
  if (!result && recorder.n_tokens() == 0) return std::move(result).error();

  if (auto finished = stream.finish(result ? result->stop_id : std::nullopt); !finished) {
    answer.error = std::move(finished).error();
  }
  const Clock::time_point first = recorder.first_token().value_or(end);
  answer.stats.reason = result ? result->reason : runtime::FinishReason::kError;
  answer.stats.stop_string = stream.stop_string();
  answer.stats.n_tokens = recorder.n_tokens();
  answer.stats.prompt_ms = ms_between(start, first);
  answer.stats.generate_ms = ms_between(first, end);
  if (auto ended = recorder.end(answer.stats); !ended && !answer.error) answer.error = std::move(ended).error();
  if (!result && !answer.error) answer.error = std::move(result).error();
  return answer;
}

}  // namespace carat::cli
