#include "cli/term/markdown_inline.h"

#include <algorithm>
#include <string>

namespace carat::cli {
namespace {

constexpr std::string_view kMarks = "`*_~[!\\";
// Backslash before these stands for the character alone. Brackets are left out: \( and \[ open formulas.
constexpr std::string_view kEscapable = "\\`*_~#|>+-.!";

/// What stands at the beginning of a text that begins with a mark.
struct Match {
  enum class Kind { kMore, kLiteral, kSpan };
  Kind kind = Kind::kMore;
  std::size_t length = 0;         ///< bytes, marks included
  std::string_view inner = {};    ///< kSpan: the text inside
  std::string_view address = {};  ///< of a link
  TextStyle style = {};           ///< kSpan: added to the style around it
  bool verbatim = false;          ///< inner holds no marks
};

Match more() { return {}; }
Match literal(std::size_t length) { return {Match::Kind::kLiteral, length}; }

std::size_t run_length(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && text[end] == text[at]) ++end;
  return end - at;
}

bool is_word(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The end of the code span that begins at `at`, or nothing there (npos) or not yet known (`unknown` set).
std::size_t code_end(std::string_view text, std::size_t at, bool complete, bool& unknown) {
  const std::size_t n = run_length(text, at);
  for (std::size_t i = at + n; i < text.size();) {
    if (text[i] != '`') {
      ++i;
      continue;
    }
    const std::size_t m = run_length(text, i);
    if (i + m == text.size() && !complete) break;  // may grow
    if (m == n) return i + m;
    i += m;
  }
  unknown = !complete;
  return std::string_view::npos;
}

Match match_code(std::string_view text, bool complete) {
  const std::size_t n = run_length(text, 0);
  bool unknown = n == text.size() && !complete;
  if (unknown) return more();
  const std::size_t end = code_end(text, 0, complete, unknown);
  if (unknown) return more();
  if (end == std::string_view::npos) return literal(n);
  std::string_view inner = text.substr(n, end - 2 * n);
  const bool padded = inner.size() > 2 && inner.front() == ' ' && inner.back() == ' ';
  if (padded && inner.find_first_not_of(' ') != std::string_view::npos) inner = inner.substr(1, inner.size() - 2);
  return {Match::Kind::kSpan, end, inner, {}, {.code = true}, true};
}

/// Whether a run of m marks closes what a run of n opened; a run of three closes one of another length inside too.
bool closes(std::size_t n, std::size_t m) { return m == n || (m == 3 && n < 3); }

/// *, _ and ~: a run of n marks up to the run that closes it.
Match match_emphasis(std::string_view text, bool complete, char previous) {
  const char mark = text[0];
  const std::size_t n = run_length(text, 0);
  if (n == text.size()) return complete ? literal(n) : more();
  const bool possible = mark == '~' ? n == 2 : n <= 3;
  const bool inside_word = is_word(previous) && (mark == '_' || (mark == '*' && n == 1));
  if (!possible || inside_word || is_blank(text[n])) return literal(n);
  for (std::size_t i = n; i < text.size();) {
    if (text[i] == '\\') {
      i += 2;
      continue;
    }
    if (text[i] == '`') {
      bool unknown = false;
      const std::size_t end = code_end(text, i, complete, unknown);
      if (unknown) return more();
      i = end == std::string_view::npos ? i + run_length(text, i) : end;
      continue;
    }
    if (text[i] != mark) {
      ++i;
      continue;
    }
    const std::size_t m = run_length(text, i), end = i + m;
    if (end == text.size() && !complete) return more();  // may grow, or a letter may follow
    const bool before_word = mark == '_' && end < text.size() && is_word(text[end]);
    if (closes(n, m) && !is_blank(text[i - 1]) && !before_word) {
      TextStyle style{.bold = n >= 2, .italic = n != 2};
      if (mark == '~') style = {.strike = true};
      return {Match::Kind::kSpan, end, text.substr(n, end - 2 * n), {}, style};
    }
    i = end;
  }
  return complete ? literal(n) : more();
}

/// The end of a bracketed text that begins at `at`, brackets in it balanced; npos: not in `text`.
std::size_t bracket_end(std::string_view text, std::size_t at, char open, char close) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == open) {
      ++depth;
    } else if (text[i] == close && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// [text](address) and ![text](address).
Match match_link(std::string_view text, bool complete) {
  const std::size_t begin = text[0] == '!' ? 1 : 0;
  const Match unknown = complete ? literal(1) : more();
  if (begin == text.size()) return unknown;
  if (text[begin] != '[') return literal(1);
  const std::size_t label_end = bracket_end(text, begin, '[', ']');
  if (label_end >= text.size()) return unknown;
  if (text[label_end] != '(') return literal(1);
  const std::size_t end = bracket_end(text, label_end, '(', ')');
  if (end == std::string_view::npos) return unknown;
  Match match{Match::Kind::kSpan, end, text.substr(begin + 1, label_end - begin - 2), {}, {.underline = true}};
  match.address = text.substr(label_end + 1, end - label_end - 2);
  match.address = match.address.substr(0, match.address.find(' '));  // a title may follow
  return match;
}

Match match_escape(std::string_view text, bool complete) {
  if (text.size() == 1) return complete ? literal(1) : more();
  if (kEscapable.find(text[1]) == std::string_view::npos) return literal(1);
  return {Match::Kind::kSpan, 2, text.substr(1, 1), {}, {}, true};
}

/// REQUIRES: text begins with one of kMarks.
Match match_mark(std::string_view text, bool complete, char previous) {
  switch (text[0]) {
    case '`':
      return match_code(text, complete);
    case '\\':
      return match_escape(text, complete);
    case '[':
    case '!':
      return match_link(text, complete);
    default:
      return match_emphasis(text, complete, previous);
  }
}

TextStyle joined(const TextStyle& a, const TextStyle& b) {
  return {a.bold || b.bold,           a.dim || b.dim,       a.italic || b.italic,
          a.underline || b.underline, a.strike || b.strike, a.code || b.code};
}

void append_span(const Match& match, const TextStyle& around, std::vector<StyledRun>& runs) {
  const TextStyle style = joined(around, match.style);
  if (match.verbatim) {
    runs.push_back({style, std::string(match.inner)});
  } else {
    const std::vector<StyledRun> inner = markdown_runs(match.inner, style);
    runs.insert(runs.end(), inner.begin(), inner.end());
  }
  if (!match.address.empty() && match.address != match.inner) {
    runs.push_back({joined(around, {.dim = true}), " (" + std::string(match.address) + ")"});
  }
}

}  // namespace

std::size_t MarkdownInline::consume(std::string_view text, bool complete, const TextStyle& style,
                                    std::vector<StyledRun>& runs) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t mark = std::min(text.find_first_of(kMarks, at), text.size());
    std::size_t next = mark;
    if (mark == at) {
      // Always the same window, so that the decision does not depend on how much has come already.
      const std::string_view window = text.substr(at, kMaxHeld);
      const Match match = match_mark(window, complete || window.size() == kMaxHeld, previous_);
      if (match.kind == Match::Kind::kMore) break;
      next = at + match.length;
      if (match.kind == Match::Kind::kSpan) append_span(match, style, runs);
      if (match.kind == Match::Kind::kLiteral) runs.push_back({style, std::string(text.substr(at, match.length))});
    } else {
      runs.push_back({style, std::string(text.substr(at, mark - at))});
    }
    previous_ = text[next - 1];
    at = next;
  }
  return at;
}

std::vector<StyledRun> markdown_runs(std::string_view line, const TextStyle& style) {
  std::vector<StyledRun> runs;
  MarkdownInline().consume(line, true, style, runs);
  return runs;
}

}  // namespace carat::cli
