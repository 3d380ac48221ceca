#include "cli/term/wide_text.h"

#include "base/utf8.h"

namespace carat::cli {

static_assert(sizeof(wchar_t) >= 4);

std::wstring to_wide(std::string_view text) {
  std::wstring wide;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.length == 0) {
      wide += L'\uFFFD';
    } else if (c.value != 0) {
      wide += static_cast<wchar_t>(c.value);
    }
    i += c.length == 0 ? 1 : c.length;
  }
  return wide;
}

std::string to_utf8(std::wstring_view text) {
  std::string utf8;
  for (const wchar_t c : text) {
    const auto value = static_cast<char32_t>(c);
    const bool scalar = value < 0xD800 || (value > 0xDFFF && value <= 0x10FFFF);
    append_utf8(scalar ? value : 0xFFFD, utf8);
  }
  return utf8;
}

}  // namespace carat::cli
