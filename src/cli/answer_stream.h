#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "chat/reply_parser.h"
#include "cli/answer_writer.h"
#include "runtime/stop.h"
#include "tokenizer/detokenizer.h"

namespace carat::cli {

/// Ids of an answer to events for a writer: detokenizer, then (for a chat) the reply parser, then stop strings over the
/// answer's text. Borrows tokenizer and writer.
class AnswerStream {
 public:
  /// `parser`: nothing for a base model, whose text is the answer as it is.
  AnswerStream(const tokenizer::Tokenizer& tokenizer, std::optional<chat::ReplyParser> parser,
               runtime::StopStrings stop_strings, AnswerWriter& writer)
      : tokenizer_(tokenizer),
        detokenizer_(tokenizer),
        parser_(std::move(parser)),
        stop_(std::move(stop_strings)),
        writer_(writer) {}

  /// False when the answer is over: a stop string, or the writer failed (then finish() returns its error).
  bool push(tokenizer::TokenId id);
  /// The rest that was held back. Errors: the writer's.
  Result<void> finish(std::optional<tokenizer::TokenId> stop_id);
  std::string_view stop_string() const { return stop_.matched(); }

 private:
  bool emit(std::vector<chat::ReplyEvent> events);
  bool emit_text(std::string text);

  const tokenizer::Tokenizer& tokenizer_;
  tokenizer::Detokenizer detokenizer_;
  std::optional<chat::ReplyParser> parser_;
  runtime::StopStrings stop_;
  AnswerWriter& writer_;
  std::optional<Error> error_;
};

}  // namespace carat::cli
