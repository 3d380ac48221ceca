#include "base/utf8.h"

#include "base/check.h"

namespace carat {
namespace {

/// What the first byte says: the sequence's length and the range of the second byte, where overlong forms, surrogates
/// and values above U+10FFFF are ruled out (Unicode 15, table 3-7).
struct LeadByte {
  std::uint32_t length;
  unsigned char second_min, second_max;
};

LeadByte lead_byte(unsigned char b) {
  if (b >= 0xC2 && b <= 0xDF) return {2, 0x80, 0xBF};
  if (b == 0xE0) return {3, 0xA0, 0xBF};
  if (b == 0xED) return {3, 0x80, 0x9F};
  if (b >= 0xE1 && b <= 0xEF) return {3, 0x80, 0xBF};
  if (b == 0xF0) return {4, 0x90, 0xBF};
  if (b >= 0xF1 && b <= 0xF3) return {4, 0x80, 0xBF};
  if (b == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const LeadByte lead = lead_byte(first);
  if (lead.length == 0 || text.size() - offset < lead.length) return {};
  if (byte(1) < lead.second_min || byte(1) > lead.second_max) return {};
  char32_t value = first & (0x7Fu >> lead.length);
  value = (value << 6) | (byte(1) & 0x3Fu);
  for (std::uint32_t i = 2; i < lead.length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  return {value, lead.length};
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    if (point.length == 0) return false;
    i += point.length;
  }
  return true;
}

std::size_t count_code_points(std::string_view valid_text) {
  std::size_t n = 0;
  for (const char c : valid_text) n += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  return n;
}

void append_utf8(char32_t value, std::string& out) {
  CARAT_CHECK(value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF));
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6));
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3F));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    out += point.length == 0 ? kReplacementCharacter : text.substr(i, point.length);
    i += point.length == 0 ? 1 : point.length;
  }
  return out;
}

}  // namespace carat
