#include "cli/term/markdown_view.h"

#include <algorithm>
#include <utility>

#include "cli/term/markdown_table.h"
#include "cli/term/safe_text.h"

namespace carat::cli {
namespace {

using Kind = MarkdownLine::Kind;

constexpr std::string_view kQuoteBar = "│ ";
constexpr int kRuleColumns = 40;
// A table that never ends is shown as it comes from here on.
constexpr std::size_t kMaxTableBytes = 64 << 10;
// A longer line that would have to be read to its end is text.
constexpr std::size_t kMaxWholeLine = 4 << 10;
constexpr TextStyle kDim{.dim = true};
constexpr TextStyle kCode{.code = true};

}  // namespace

std::string MarkdownView::push(std::string_view piece) {
  buffer_ += safe_text(piece);
  process(false);
  return out_.take();
}

std::string MarkdownView::finish() {
  process(true);
  end_table();
  out_.reset();
  std::string rest = out_.take();
  *this = MarkdownView(options_);
  return rest;
}

void MarkdownView::process(bool finished) {
  while (begin_ < buffer_.size()) {
    const std::size_t newline = buffer_.find('\n', begin_);
    const bool has_newline = newline != std::string::npos;
    const bool complete = has_newline || finished;
    const std::string_view line = std::string_view(buffer_).substr(begin_, has_newline ? newline - begin_ : newline);
    if (state_ == State::kLineStart) {
      if (!(fence_.empty() ? start_line(line, complete) : start_code_line(line, complete))) break;
      continue;
    }
    write_content(line, complete);
    if (!has_newline) break;
    ++begin_;
    end_line();
  }
  buffer_.erase(0, std::exchange(begin_, 0));
}

bool MarkdownView::start_line(std::string_view line, bool complete) {
  auto what = markdown_line(line, complete);
  const bool needs_whole_line = !what || what->kind == Kind::kTable || what->kind == Kind::kFence;
  if (needs_whole_line && line.size() > kMaxWholeLine) what = MarkdownLine{};
  if (!what) return false;
  // Blocks inside quotes are rare, and end where the quote ends: their marks stay.
  const bool is_block = what->kind == Kind::kTable || what->kind == Kind::kFence;
  if (in_quote_ && is_block) what = MarkdownLine{};
  if (what->kind == Kind::kTable) {
    add_table_line(line);
  } else {
    end_table();
    start_content(*what, line);
  }
  return true;
}

void MarkdownView::start_content(const MarkdownLine& what, std::string_view line) {
  state_ = State::kContent;
  style_ = {};
  inline_ = MarkdownInline();
  const std::string_view indent = line.substr(0, what.indent);
  const std::string_view mark = line.substr(what.indent, what.length - what.indent);
  switch (what.kind) {
    case Kind::kText:
    case Kind::kTable:
      return;
    case Kind::kHeading:
      style_ = {.bold = true, .underline = what.level == 1};
      if (!options_.colour) return;
      break;
    case Kind::kQuote:
      out_.put(kDim, kQuoteBar);
      in_quote_ = true;
      state_ = State::kLineStart;
      break;
    case Kind::kBullet:
      out_.put({}, indent);
      out_.put(kDim, "• ");
      break;
    case Kind::kNumber:
      out_.put({}, indent);
      out_.put(kDim, mark);
      break;
    case Kind::kRule:
      for (int i = 0; i < std::min(kRuleColumns, options_.columns); ++i) out_.put(kDim, "─");
      break;
    case Kind::kFence:
      fence_ = std::string(opening_fence(line));
      out_.put(kDim, line);
      break;
  }
  begin_ += what.length;
}

bool MarkdownView::start_code_line(std::string_view line, bool complete) {
  const auto closes = closes_fence(line, fence_, complete);
  if (!closes) return false;
  state_ = State::kContent;
  if (*closes) {
    out_.put(kDim, line);
    begin_ += line.size();
    fence_.clear();
  }
  return true;
}

void MarkdownView::add_table_line(std::string_view line) {
  table_.emplace_back(line);
  table_bytes_ += line.size();
  begin_ += line.size();
  if (begin_ < buffer_.size()) ++begin_;  // the newline: end_table() writes it
  const bool no_table = table_.size() == 2 && !is_table_rule(line);
  if (no_table || table_bytes_ > kMaxTableBytes) end_table();
}

void MarkdownView::write_content(std::string_view text, bool complete) {
  if (!fence_.empty()) {
    out_.put(kCode, text);
    begin_ += text.size();
  } else if (!options_.colour) {
    out_.put({}, text);
    begin_ += text.size();
  } else {
    std::vector<StyledRun> runs;
    begin_ += inline_.consume(text, complete, style_, runs);
    out_.put(runs);
  }
}

void MarkdownView::end_line() {
  out_.newline();
  state_ = State::kLineStart;
  in_quote_ = false;
}

void MarkdownView::end_table() {
  const std::vector<std::string> lines = std::exchange(table_, {});
  table_bytes_ = 0;
  if (lines.empty()) return;
  if (lines.size() >= 2 && is_table_rule(lines[1])) return write_table(lines, options_.columns, !options_.colour, out_);
  for (const std::string& line : lines) {
    out_.put(options_.colour ? markdown_runs(line) : std::vector<StyledRun>{{{}, line}});
    out_.newline();
  }
}

}  // namespace carat::cli
