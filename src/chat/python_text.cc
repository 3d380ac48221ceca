#include "chat/python_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "chat/limits.h"
#include "chat/unicode_case.h"

namespace carat::chat {
namespace {

struct CodePoint {
  char32_t value;
  std::size_t n_bytes;
};

/// Beyond Unicode, so that no rule about letters or blanks applies to a byte that is no UTF-8.
constexpr char32_t kNoCodePoint = 0x110000;

/// The code point at the start of `text` (not empty); a byte that starts none counts alone, as kNoCodePoint.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t n = lead < 0xc0 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (n == 1 || n > text.size()) return {kNoCodePoint, 1};
  char32_t value = lead & (0x7fu >> n);
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {kNoCodePoint, 1};
    value = value << 6 | (byte(i) & 0x3f);
  }
  return {value, n};
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

template <typename Map>
std::string map_letters(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [c, n_bytes] = decode(text);
    const char32_t mapped = map(c);
    if (mapped == c) {
      out += text.substr(0, n_bytes);
    } else {
      append_utf8(out, mapped);
    }
    text.remove_prefix(n_bytes);
  }
  return out;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/// What repr() escapes beyond ASCII: blanks, format characters, private use. Unassigned code points are left out, as
/// they differ from one Python to the next.
bool is_printable(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  return !(c < 0xa0 || is_space(c) || c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xd800 && c <= 0xf8ff) ||
           (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff) || c >= 0xf0000);
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // The shortest digits that give the double back, "d.ddde±XX", then placed as float.__repr__ does.
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::string out;
  if (text.front() == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 1) digits += text.substr(2, e - 2);
  int exponent = 0;
  std::from_chars(text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0), text.data() + text.size(), exponent);

  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out.append(1, '.').append(digits, 1);
    out += exponent < 0 ? "e-" : "e+";
    const int magnitude = std::abs(exponent);
    if (magnitude < 10) out += '0';
    return out + std::to_string(magnitude);
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto point = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= point) return out + digits + std::string(point - digits.size(), '0') + ".0";
  return out + digits.substr(0, point) + "." + digits.substr(point);
}

void append_repr(std::string& out, std::string_view text) {
  const bool double_quotes = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  out += quote;
  while (!text.empty()) {
    const auto [c, n_bytes] = decode(text);
    char escaped[12];
    if (c == '\\' || c == static_cast<char32_t>(quote)) {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += text.substr(0, n_bytes);
    } else {
      const char* format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
      std::snprintf(escaped, sizeof escaped, format, static_cast<unsigned>(c));
      out += escaped;
    }
    text.remove_prefix(n_bytes);
  }
  out += quote;
}

void append_value(std::string& out, const Json& value, int depth) {
  if (value.is_null()) {
    out += "None";
  } else if (value.is_boolean()) {
    out += value.get<bool>() ? "True" : "False";
  } else if (value.is_string()) {
    append_repr(out, value.get_ref<const std::string&>());
  } else if (!value.is_structured()) {
    out += python_number(value);
  } else if (depth >= kMaxDepth) {
    out += "...";
  } else if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ", ";
      append_value(out, value[i], depth + 1);
    }
    out += ']';
  } else {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : value.items()) {
      if (!first) out += ", ";
      first = false;
      append_repr(out, key);
      out += ": ";
      append_value(out, member, depth + 1);
    }
    out += '}';
  }
}

}  // namespace

std::string python_number(const Json& number) {
  if (number.is_number_unsigned()) return std::to_string(number.get<std::uint64_t>());
  if (number.is_number_integer()) return std::to_string(number.get<std::int64_t>());
  const std::string_view text = big_number_text(number);
  if (!text.empty() && text.find_first_of(".eE") == std::string_view::npos) return std::string(text);
  return python_float(json_double(number).value_or(std::nan("")));
}

std::string python_str(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string out;
  append_value(out, value, 0);
  return out;
}

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const auto [c, n_bytes] = decode(text);
    if (!is_space(c)) break;
    text.remove_prefix(n_bytes);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
    const auto [c, n_bytes] = decode(text.substr(start));
    if (start + n_bytes != text.size() || !is_space(c)) break;
    text.remove_suffix(n_bytes);
  }
  return text;
}

std::string upper(std::string_view text) { return map_letters(text, to_upper); }

std::string lower(std::string_view text) {
  std::string out = map_letters(text, to_lower);
  // The one letter that becomes two: İ is i with a dot above.
  for (std::size_t at = 0; (at = out.find("\u0130", at)) != std::string::npos; at += 3) out.replace(at, 2, "i\u0307");
  return out;
}

}  // namespace carat::chat
