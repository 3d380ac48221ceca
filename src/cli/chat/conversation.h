#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "chat/render.h"
#include "cli/answer_writer.h"
#include "cli/chat/chat_storage.h"
#include "runtime/generate.h"
#include "runtime/session.h"
#include "tokenizer/tokenizer.h"

namespace carat::cli {

/// Where an answer of a conversation goes as it comes.
class AnswerView : public AnswerWriter {
 public:
  virtual void prompt_progress(std::int64_t /*n_done*/, std::int64_t /*n_all*/) {}
  /// A token has come; its text, if any, follows in event().
  virtual void token() {}
};

/// What a conversation's answers have in common.
struct ConversationOptions {
  chat::ChatFormat format = chat::ChatFormat::kGemma4Small;
  std::vector<tokenizer::TokenId> stop_ids;
  runtime::SamplingParams sampling;
  std::int64_t max_tokens = -1;
  std::vector<std::string> stop_strings;
};

/// Whether a model of this format can be asked to think first.
inline bool has_thinking(chat::ChatFormat format) { return format != chat::ChatFormat::kGemma3; }

/// The messages so far as ids, ready to be answered.
struct ConversationPrompt {
  std::vector<tokenizer::TokenId> ids;
  bool starts_in_thought = false;
  bool think = false;
};

struct ConversationAnswer {
  std::string content, thinking;
  AnswerStats stats;
  std::int64_t n_cached_tokens = 0;    ///< of the prompt: computed by earlier turns
  std::int64_t n_thinking_tokens = 0;  ///< of the answer, up to the first of its text
  double thinking_ms = 0;
  std::optional<Error> error;  ///< what ended it early: the view could not be written, a step failed
};

/// The model's side of a chat. Keys and values of one turn are kept for the next: a turn computes only the tokens that
/// the prompts before it did not have, whatever was edited, tried again or left out since. Its result is that of a
/// fresh session with the same prompt. Borrows engine and tokenizer.
class Conversation {
 public:
  Conversation(runtime::Engine& engine, const tokenizer::Tokenizer& tokenizer, ConversationOptions options)
      : engine_(engine), tokenizer_(tokenizer), options_(std::move(options)) {}

  /// The prompt of these turns, the last one a user's. Errors: kLimit when no room is left for an answer, with both
  /// counts and what to do; those of chat::render and chat::encode.
  Result<ConversationPrompt> prompt(std::span<const ChatTurn* const> turns, const std::string& system,
                                    bool think) const;

  /// Answers it. `choice`: 0 for the first answer to a prompt, 1 for another one … (SamplingParams::choice). Errors:
  /// kOutOfMemory and the like before there is anything of an answer; later ones are in the answer, with what had come.
  Result<ConversationAnswer> answer(const ConversationPrompt& prompt, std::uint32_t choice, AnswerView& view,
                                    const std::atomic<bool>* cancel);

  std::int64_t context() const { return engine_.context; }
  /// Tokens that the last prompt and answer took.
  std::int64_t n_context_used() const { return live_ ? live_->size() : 0; }
  const ConversationOptions& options() const { return options_; }

 private:
  /// Makes live_ hold the ids, with as much computed already as earlier turns have left; returns how many that is.
  Result<std::int64_t> resume(std::span<const tokenizer::TokenId> ids);

  runtime::Engine& engine_;
  const tokenizer::Tokenizer& tokenizer_;
  ConversationOptions options_;
  std::optional<runtime::Session> live_;  ///< the last prompt and its answer
  /// The last prompt alone: of a long answer (or a thought, which no later prompt has) a sliding layer could not go
  /// back to it.
  std::optional<runtime::Session> prompt_only_;
};

}  // namespace carat::cli
