#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "chat/reply_parser.h"
#include "cli/term/markdown_view.h"
#include "cli/term/terminal.h"
#include "runtime/generate.h"

namespace carat::cli {

/// What is known when an answer is over.
struct AnswerStats {
  runtime::FinishReason reason = runtime::FinishReason::kError;
  std::string stop_string;  ///< the one that ended it, or empty
  std::int64_t n_prompt_tokens = 0;
  std::int64_t n_tokens = 0;
  double prompt_ms = 0;    ///< until the first token
  double generate_ms = 0;  ///< from there to the end
};

/// Where an answer goes as it comes. Errors: kIo when stdout cannot be written.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  virtual Result<void> event(const chat::ReplyEvent& event) = 0;
  virtual Result<void> end(const AnswerStats& stats) = 0;
};

/// Text on stdout; thoughts, calls and statistics on stderr. On a terminal the Markdown of a chat model is made
/// readable and nothing that a model writes can drive the terminal; in a pipe the text is what the model wrote.
class TextWriter final : public AnswerWriter {
 public:
  struct Options {
    Terminal out, err;      ///< stdout, stderr
    bool markdown = false;  ///< of a chat model
  };

  /// The default: as in a pipe.
  TextWriter() : TextWriter(Options()) {}
  explicit TextWriter(const Options& options);
  Result<void> event(const chat::ReplyEvent& event) override;
  Result<void> end(const AnswerStats& stats) override;

 private:
  Result<void> write(const std::string& text);
  void write_thought(std::string_view text);
  void end_thought();

  Options options_;
  std::optional<MarkdownView> markdown_;
  bool ends_in_newline_ = true;
  bool thought_open_ = false;
};

/// One JSON object a line on stdout; docs/cli.md has the fields (do not change).
class JsonLinesWriter final : public AnswerWriter {
 public:
  Result<void> event(const chat::ReplyEvent& event) override;
  Result<void> end(const AnswerStats& stats) override;
};

/// One JSON object on stdout when the answer is complete (cli/pages/ask.schema.json).
class JsonWriter final : public AnswerWriter {
 public:
  Result<void> event(const chat::ReplyEvent& event) override;
  Result<void> end(const AnswerStats& stats) override;

 private:
  chat::Reply reply_;
  std::vector<chat::ReplyEvent> calls_;
};

/// "stop", "stop_string", "max_tokens", "context_full", "cancelled", "error": what --json-lines calls them.
std::string_view end_reason(const AnswerStats& stats);

}  // namespace carat::cli
