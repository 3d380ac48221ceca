#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/term/markdown_inline.h"
#include "cli/term/markdown_line.h"
#include "cli/term/styled_text.h"

namespace carat::cli {

/// Markdown made readable on a terminal while it streams.
///
///     MarkdownView view({.colour = true, .columns = 100});
///     write_stdout(view.push(piece));
///     write_stdout(view.finish());
///
/// Headings, lists, quotes, rules, fenced code, tables (aligned, once they are complete), and the marks inside lines
/// (markdown_inline.h). What may still become a mark is held back and never printed twice; the bytes, pieces joined, do
/// not depend on how the text was cut. Lines are wrapped by the terminal, so that text can be copied. Control
/// characters of the text never reach the terminal (safe_text.h).
class MarkdownView {
 public:
  struct Options {
    bool colour = true;  ///< false: no escape sequences; marks then stay, since nothing else would show them
    int columns = 80;
  };

  explicit MarkdownView(const Options& options) : options_(options), out_(options.colour) {}

  /// The next piece, cut between characters; returns what can be printed now.
  std::string push(std::string_view piece);
  /// The rest; the view is then as new. A last line without newline gets none.
  std::string finish();

 private:
  enum class State { kLineStart, kContent };

  void process(bool finished);
  /// Writes the mark that a line begins with. False: it is not known yet.
  bool start_line(std::string_view line, bool complete);
  bool start_code_line(std::string_view line, bool complete);
  void start_content(const MarkdownLine& what, std::string_view line);
  void add_table_line(std::string_view line);
  void end_table();
  void write_content(std::string_view text, bool complete);
  void end_line();

  Options options_;
  StyledWriter out_;
  State state_ = State::kLineStart;
  bool in_quote_ = false;  ///< of this line, a mark was written
  TextStyle style_;        ///< of this line's content
  MarkdownInline inline_;
  std::string buffer_;     ///< from begin_ on: not yet written
  std::size_t begin_ = 0;  ///< the current place in the current line
  std::string fence_;      ///< that opened the code block we are in
  std::vector<std::string> table_;
  std::size_t table_bytes_ = 0;
};

}  // namespace carat::cli
