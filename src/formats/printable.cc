#include "formats/printable.h"

#include <fmt/core.h>
#include <simdjson.h>

namespace carat::formats {

std::string printable(std::string_view name) {
  constexpr std::size_t kMaxShown = 120;
  const bool cut = name.size() > kMaxShown;
  if (cut) name = name.substr(0, kMaxShown);
  const bool utf8 = simdjson::validate_utf8(name.data(), name.size());
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) {
      text += fmt::format("\\x{:02X}", byte);
    } else {
      text += c;
    }
  }
  return cut ? text + "..." : text;
}

}  // namespace carat::formats
