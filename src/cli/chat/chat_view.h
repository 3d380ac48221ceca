#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/chat/conversation.h"
#include "cli/term/markdown_view.h"
#include "cli/term/progress.h"
#include "cli/term/terminal.h"

namespace carat::cli {

/// An answer on a terminal: its Markdown made readable, its thoughts dimmed (shown in full, or in one line that rolls
/// and is folded to "thought for 3.2 s, 214 tokens"), progress while a long prompt is read. One per answer.
class ChatView final : public AnswerView {
 public:
  struct Options {
    Terminal terminal;  ///< of stdout
    bool show_thoughts = false;
  };

  explicit ChatView(const Options& options);

  void prompt_progress(std::int64_t n_done, std::int64_t n_all) override;
  void token() override;
  Result<void> event(const chat::ReplyEvent& event) override;
  Result<void> end(const AnswerStats& stats) override;

 private:
  using Clock = std::chrono::steady_clock;

  Result<void> think(const std::string& text);
  Result<void> end_thought();
  Result<void> write(const std::string& text);

  Options options_;
  Style style_;
  Progress reading_;
  MarkdownView markdown_;
  bool at_line_start_ = true;
  bool thinking_ = false;
  std::int64_t n_tokens_ = 0, first_thought_ = 0;
  Clock::time_point thought_start_{}, rolled_at_{};
  std::string thought_tail_;  ///< of a folded thought: what the rolling line shows
};

/// "thought for 3.2 s, 214 tokens"
std::string thought_summary(double ms, std::int64_t n_tokens);

}  // namespace carat::cli
