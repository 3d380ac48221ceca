#include "tokenizer/describe.h"

#include <cstddef>

#include "base/utf8.h"

namespace carat::tokenizer {

std::string quoted(std::string_view text) {
  constexpr std::size_t kMaxBytes = 40;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() > kMaxBytes) return out + "…\"";
    const CodePoint point = decode_utf8(text, i);
    if (point.length == 0 || point.value < 0x20 || (point.value >= 0x7F && point.value <= 0x9F)) {
      const auto byte = static_cast<unsigned char>(text[i++]);
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += text.substr(i, point.length);
      i += point.length;
    }
  }
  return out + "\"";
}

}  // namespace carat::tokenizer
