#pragma once

#include <string_view>
#include <vector>

namespace carat {

/// The text without `blanks` at both ends; a view into it.
std::string_view trim(std::string_view text, std::string_view blanks = " \t\r\n");

/// The parts between separators, one more than there are separators; views into the text.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace carat
