#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "cli/term/styled_text.h"

namespace carat::cli {

/// The marks inside a line of Markdown: `code`, **bold**, *italic*, ~~struck~~, [text](address), \escapes.
///
/// A mark counts only when it is closed on its line and within kMaxHeld bytes; until that is known the text from it on
/// is not consumed, so that nothing is ever shown that would have to be taken back. An open mark without its close is
/// text like any other: no character of an answer is lost.
class MarkdownInline {
 public:
  static constexpr std::size_t kMaxHeld = 600;

  /// Appends the runs of as much of `text` as is certain and returns its length. `complete`: the line ends here, all
  /// of it is consumed.
  std::size_t consume(std::string_view text, bool complete, const TextStyle& style, std::vector<StyledRun>& runs);

 private:
  char previous_ = ' ';  ///< the byte before the text; marks inside words are none
};

/// A whole line.
std::vector<StyledRun> markdown_runs(std::string_view line, const TextStyle& style = {});

}  // namespace carat::cli
