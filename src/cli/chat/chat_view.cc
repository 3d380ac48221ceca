#include "cli/chat/chat_view.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/term/safe_text.h"
#include "cli/term/text_width.h"

namespace carat::cli {
namespace {

using Kind = chat::ReplyEvent::Kind;

constexpr std::chrono::milliseconds kRollInterval{80};
constexpr std::string_view kWipe = "\r\x1b[K";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kThinking = "thinking… ";
constexpr std::size_t kMaxTail = 1000;  // bytes: more than a line shows

}  // namespace

std::string thought_summary(double ms, std::int64_t n_tokens) {
  return fmt::format("thought for {:.1f} s, {} tokens", ms / 1000, grouped(static_cast<std::uint64_t>(n_tokens)));
}

ChatView::ChatView(const Options& options)
    : options_(options),
      style_(options.terminal),
      reading_("reading the prompt"),
      markdown_({.colour = options.terminal.colour, .columns = options.terminal.columns}) {}

void ChatView::prompt_progress(std::int64_t n_done, std::int64_t n_all) {
  reading_.at(static_cast<std::uint64_t>(n_done), static_cast<std::uint64_t>(n_all));
}

void ChatView::token() {
  reading_.clear();
  ++n_tokens_;
}

Result<void> ChatView::write(const std::string& text) {
  if (text.empty()) return {};
  std::string_view visible = text;
  if (visible.ends_with(kPlain)) visible.remove_suffix(kPlain.size());
  if (!visible.empty()) at_line_start_ = visible.back() == '\n';
  return write_stdout(text);
}

Result<void> ChatView::event(const chat::ReplyEvent& event) {
  if (event.kind == Kind::kThinking) return think(event.text);
  RETURN_IF_ERROR(end_thought());
  if (event.kind == Kind::kText) {
    return write(options_.terminal.interactive ? markdown_.push(event.text) : safe_text(event.text));
  }
  if (event.kind == Kind::kToolCall || event.kind == Kind::kMalformedCall) {
    return write(style_.dim(fmt::format("[the model calls a tool, which it does not have: {}]", safe_line(event.raw))) +
                 "\n");
  }
  return {};
}

Result<void> ChatView::think(const std::string& text) {
  if (!thinking_) {
    thinking_ = true;
    thought_start_ = Clock::now();
    first_thought_ = n_tokens_;
  }
  if (options_.show_thoughts) return write(style_.dim(safe_text(text)));
  if (!options_.terminal.interactive) return {};
  thought_tail_ += safe_line(text);
  if (thought_tail_.size() > kMaxTail) thought_tail_ = end_of_width(thought_tail_, options_.terminal.columns);
  const Clock::time_point now = Clock::now();
  if (now - rolled_at_ < kRollInterval) return {};
  rolled_at_ = now;
  // A line that wraps could not be wiped.
  const int room = options_.terminal.columns - display_width(kThinking) - 1;
  return write_stdout(std::string(kWipe) +
                      style_.dim(std::string(kThinking) + end_of_width(thought_tail_, std::max(0, room))));
}

Result<void> ChatView::end_thought() {
  if (!thinking_) return {};
  thinking_ = false;
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - thought_start_).count();
  std::string line = thought_summary(ms, n_tokens_ - first_thought_);
  if (options_.show_thoughts) {
    RETURN_IF_ERROR(write(at_line_start_ ? "" : "\n"));
  } else {
    line += "; /thoughts shows it";
    if (options_.terminal.interactive) RETURN_IF_ERROR(write(std::string(kWipe)));
  }
  return write(style_.dim(line) + "\n\n");
}

Result<void> ChatView::end(const AnswerStats&) {
  reading_.clear();
  RETURN_IF_ERROR(end_thought());
  if (options_.terminal.interactive) RETURN_IF_ERROR(write(markdown_.finish()));
  return write(at_line_start_ ? "" : "\n");
}

}  // namespace carat::cli
