#include "cli/term/markdown_line.h"

#include <algorithm>

namespace carat::cli {
namespace {

using Kind = MarkdownLine::Kind;

// A mark that stands further right than this is text: no list is nested so deep.
constexpr std::size_t kMaxIndent = 64;
constexpr std::size_t kMaxHeadingLevel = 6;
constexpr std::size_t kMaxDigits = 9;
constexpr std::size_t kMinFence = 3;
constexpr std::size_t kMaxFenceIndent = 12;  // fences inside list items are indented
// A line that may still become a rule is short.
constexpr std::size_t kMaxRule = 200;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
std::size_t blanks(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_blank) - text.begin());
}
std::size_t run(std::string_view text, char c) {
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), [c](char x) { return x != c; }) -
                                  text.begin());
}

/// A run of three marks or more, with nothing but blanks between and after. Nothing: it may still be one.
std::optional<bool> is_rule(std::string_view text, bool complete) {
  const char mark = text[0];
  std::size_t n = 0;
  for (const char c : text.substr(0, kMaxRule)) {
    if (c == mark) {
      ++n;
    } else if (!is_blank(c)) {
      return false;
    }
  }
  if (text.size() > kMaxRule) return false;
  return complete ? std::optional(n >= 3) : std::nullopt;
}

/// `mark` bytes, and behind them a blank: a line of this kind. Nothing: the blank may still come.
std::optional<MarkdownLine> marked(Kind kind, std::string_view line, std::size_t indent, std::size_t mark,
                                   bool complete) {
  const std::size_t end = indent + mark;
  if (end == line.size()) return complete ? std::optional(MarkdownLine{Kind::kText}) : std::nullopt;
  if (!is_blank(line[end])) return MarkdownLine{Kind::kText};
  return MarkdownLine{kind, indent, end + 1};
}

std::optional<MarkdownLine> whole(Kind kind, std::string_view line, std::size_t indent, bool complete) {
  if (!complete) return std::nullopt;
  return MarkdownLine{kind, indent, line.size()};
}

}  // namespace

std::string_view opening_fence(std::string_view line) {
  const std::string_view text = line.substr(std::min(blanks(line), kMaxFenceIndent));
  if (text.empty() || (text[0] != '`' && text[0] != '~')) return {};
  const std::size_t n = run(text, text[0]);
  if (n < kMinFence || (text[0] == '`' && text.find('`', n) != std::string_view::npos)) return {};
  return text.substr(0, n);
}

std::optional<bool> closes_fence(std::string_view line, std::string_view fence, bool complete) {
  const std::size_t indent = blanks(line);
  if (indent > kMaxFenceIndent) return false;
  const std::size_t n = run(line.substr(indent), fence[0]);
  const std::string_view rest = line.substr(indent + n);
  if (blanks(rest) != rest.size()) return false;        // text follows
  if (!rest.empty() && n < fence.size()) return false;  // blanks follow, and the run is too short
  if (rest.size() > kMaxFenceIndent) return false;      // a code line of blanks does not wait for ever
  if (!complete) return std::nullopt;
  return n >= fence.size();
}

std::optional<MarkdownLine> markdown_line(std::string_view line, bool complete) {
  const std::size_t indent = blanks(line);
  if (indent > kMaxIndent) return MarkdownLine{Kind::kText};
  const std::string_view text = line.substr(indent);
  if (text.empty()) return complete ? std::optional(MarkdownLine{Kind::kText}) : std::nullopt;
  const char c = text[0];
  if (c == '>') {
    if (text.size() == 1 && !complete) return std::nullopt;  // a blank may follow
    const bool blank = text.size() > 1 && is_blank(text[1]);
    return MarkdownLine{Kind::kQuote, indent, indent + (blank ? 2 : 1)};
  }
  if (c == '|') return whole(Kind::kTable, line, indent, complete);
  if (c == '#') {
    const std::size_t level = run(text, '#');
    if (level > kMaxHeadingLevel) return MarkdownLine{Kind::kText};
    auto heading = marked(Kind::kHeading, line, indent, level, complete);
    if (heading) heading->level = static_cast<int>(level);
    return heading;
  }
  if (c == '`' || c == '~') {
    const std::size_t n = run(text, c);
    if (n == text.size() && !complete) return std::nullopt;
    if (n < kMinFence) return MarkdownLine{Kind::kText};
    if (!opening_fence(line).empty()) return whole(Kind::kFence, line, indent, complete);
    return MarkdownLine{Kind::kText};
  }
  if (c == '-' || c == '*' || c == '_') {
    const auto rule = is_rule(text, complete);
    if (!rule) return std::nullopt;
    if (*rule) return MarkdownLine{Kind::kRule, indent, line.size()};
  }
  if (c == '-' || c == '*' || c == '+') return marked(Kind::kBullet, line, indent, 1, complete);
  if (c >= '0' && c <= '9') {
    const auto digits = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), [](char x) { return x >= '0' && x <= '9'; }) - text.begin());
    if (digits > kMaxDigits) return MarkdownLine{Kind::kText};
    if (digits == text.size()) return complete ? std::optional(MarkdownLine{Kind::kText}) : std::nullopt;
    if (text[digits] != '.' && text[digits] != ')') return MarkdownLine{Kind::kText};
    return marked(Kind::kNumber, line, indent, digits + 1, complete);
  }
  return MarkdownLine{Kind::kText};
}

}  // namespace carat::cli
