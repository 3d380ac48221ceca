#include "formats/printable.h"

#include <fmt/core.h>

#include "base/utf8.h"

namespace carat::formats {

std::string printable(std::string_view name) {
  constexpr std::size_t kMaxShown = 120;
  std::string text;
  for (std::size_t at = 0; at < name.size();) {
    if (at >= kMaxShown) return text + "...";
    const CodePoint point = decode_utf8(name, at);
    // U+0080 to U+009F are control characters too: U+009B begins a command to a terminal, as ESC [ does.
    if (point.length == 0 || point.value < 0x20 || (point.value >= 0x7F && point.value <= 0x9F)) {
      text += fmt::format("\\x{:02X}", static_cast<unsigned char>(name[at++]));
    } else {
      text += name.substr(at, point.length);
      at += point.length;
    }
  }
  return text;
}

}  // namespace carat::formats
