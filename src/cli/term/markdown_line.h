#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace carat::cli {

/// What a line of Markdown is, told by its beginning.
struct MarkdownLine {
  enum class Kind {
    kText,     ///< a paragraph's line
    kHeading,  ///< # … ######
    kQuote,    ///< >, what follows is a line of its own
    kBullet,   ///< -, * or +
    kNumber,   ///< 1. or 1)
    kFence,    ///< ``` or ~~~: the whole line
    kRule,     ///< ---, ***, ___: the whole line
    kTable,    ///< begins with |: the whole line
  };
  Kind kind = Kind::kText;
  std::size_t indent = 0;  ///< bytes of blanks before the mark
  std::size_t length = 0;  ///< bytes of indent, mark and the blank after it; what follows is the line's content
  int level = 0;           ///< of a heading
};

/// Nothing while `line`, which has no newline, may still become one kind or another; `complete`: no more comes.
std::optional<MarkdownLine> markdown_line(std::string_view line, bool complete);

/// The run of ` or ~ that opens a fence, without its indent; empty when `line` opens none.
std::string_view opening_fence(std::string_view line);

/// Whether a line inside the block that `fence` opened closes it; nothing while that is open.
std::optional<bool> closes_fence(std::string_view line, std::string_view fence, bool complete);

}  // namespace carat::cli
