#include "cli/term/message_assembler.h"

#include <utility>

namespace carat::cli {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

/// An odd number of backslashes at the end: the last one is no text. In a paste of many lines it is.
bool continues(std::string_view line) {
  if (line.find('\n') != std::string_view::npos) return false;
  const std::size_t last = line.find_last_not_of('\\');
  return (line.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

}  // namespace

bool MessageAssembler::add(std::string_view line) {
  const bool first = !begun_;
  begun_ = true;
  if (first && line.starts_with(kQuotes)) {
    line.remove_prefix(kQuotes.size());
    quoted_ = true;
    if (line.empty()) return false;  // the text begins on the next line
  }
  if (has_text_) text_ += '\n';
  has_text_ = true;
  if (quoted_) {
    const bool closed = line.ends_with(kQuotes);
    if (closed) line.remove_suffix(kQuotes.size());
    text_ += line;
    if (closed && line.empty() && !text_.empty()) text_.pop_back();  // closing quotes on a line of their own
    return closed;
  }
  const bool more = continues(line);
  if (more) line.remove_suffix(1);
  text_ += line;
  return !more;
}

std::string MessageAssembler::take() {
  begun_ = has_text_ = quoted_ = false;
  return std::exchange(text_, {});
}

}  // namespace carat::cli
