#include "formats/merge_texts.h"

#include <fmt/core.h>

#include <string>

#include "formats/printable.h"

namespace carat::formats {

Result<void> MergeTexts::add(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    return corrupt(fmt::format("{}: merge {} \"{}\" is not two pieces with one space between", where_, merges_.size(),
                               printable(text)));
  }
  return add(text.substr(0, space), text.substr(space + 1));
}

Result<void> MergeTexts::add(std::string_view left, std::string_view right) {
  const auto left_id = index_.find(left);
  const auto right_id = index_.find(right);
  if (!left_id || !right_id) {
    return corrupt(fmt::format("{}: merge {} of \"{}\" and \"{}\" names a piece that is not in the vocabulary", where_,
                               merges_.size(), printable(left), printable(right)));
  }
  merges_.emplace_back(*left_id, *right_id);
  return {};
}

std::string with_space_symbols(std::string_view piece) {
  std::string out;
  for (const char c : piece) {
    if (c == ' ') {
      out += "\xE2\x96\x81";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace carat::formats
