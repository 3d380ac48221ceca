#include "cli/term/safe_text.h"

#include "base/utf8.h"

namespace carat::cli {
namespace {

constexpr char32_t kControlPictures = 0x2400;  // U+2400 + c is the picture of the control character c
constexpr char32_t kDelete = 0x7F, kDeletePicture = 0x2421;

/// Embeddings, overrides and isolates: text after them is shown in another order than it stands.
bool turns_direction(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

}  // namespace

std::string safe_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.length == 0) {
      out += kReplacementCharacter;
      ++i;
      continue;
    }
    if (c.value < 0x20 && c.value != '\n' && c.value != '\t') {
      if (c.value != '\r') append_utf8(kControlPictures + c.value, out);
    } else if (c.value == kDelete) {
      append_utf8(kDeletePicture, out);
    } else if ((c.value >= 0x80 && c.value < 0xA0) || turns_direction(c.value)) {
      out += kReplacementCharacter;
    } else {
      out += text.substr(i, c.length);
    }
    i += c.length;
  }
  return out;
}

std::string safe_line(std::string_view text) {
  std::string line = safe_text(text);
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return line;
}

}  // namespace carat::cli
