#pragma once

#include <string>
#include <string_view>

namespace carat::cli {

/// UTF-8 to code points (wchar_t is one on every system we run on) and back; what is neither becomes U+FFFD, NUL goes.
std::wstring to_wide(std::string_view text);
std::string to_utf8(std::wstring_view text);

}  // namespace carat::cli
