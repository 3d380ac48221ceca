#pragma once

#include <string>
#include <string_view>

namespace carat::cli {

/// Foreign text (an answer, a file name, a stored chat) as a terminal may be given it: it can be read, and it cannot
/// drive the terminal. Newlines and tabs stay; carriage returns go; other control characters become their pictures
/// (ESC is "␛"), C1 controls and those that turn the direction of writing U+FFFD, as do bytes that are no UTF-8.
/// Works on pieces of a stream: the result for a text is that of its pieces (cut between characters) joined.
std::string safe_text(std::string_view text);

/// The same for what must stay on one line: newlines and tabs become blanks.
std::string safe_line(std::string_view text);

}  // namespace carat::cli
