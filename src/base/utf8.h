#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace carat {

/// U+FFFD, what stands for bytes that are no UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// One decoded code point and the bytes it took; `length` 0 means that the bytes there are no UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::uint32_t length = 0;
};

/// The code point at text[offset]. Strict (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
/// REQUIRES: offset < text.size().
CodePoint decode_utf8(std::string_view text, std::size_t offset);

bool is_valid_utf8(std::string_view text);

/// How many code points valid UTF-8 holds.
std::size_t count_code_points(std::string_view valid_text);

/// REQUIRES: value is a scalar value (no surrogate, at most U+10FFFF).
void append_utf8(char32_t value, std::string& out);

/// The text with every byte that belongs to no UTF-8 sequence replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace carat
