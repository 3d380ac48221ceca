#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"

/// What every target defines: looks at one input and returns 0; CARAT_CHECK states what must hold. libFuzzer calls it,
/// and driver.cc does where there is no libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace carat::fuzz {

inline std::span<const std::byte> as_bytes(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}
inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A refusal must be a sentence for people, whatever the file holds: valid UTF-8, no control characters that a terminal
/// would obey, not a page of the file's own bytes, and never "a bug of ours". CARAT_FUZZ_SAY=1 shows them.
inline void check_refusal(const Error& error, std::size_t max_bytes = 2000) {
  const std::string text = error.to_string();
  if (std::getenv("CARAT_FUZZ_SAY") != nullptr) std::fprintf(stderr, "refused: %s\n", text.c_str());
  CARAT_CHECK(!text.empty() && text.size() <= max_bytes);
  CARAT_CHECK(is_valid_utf8(text));
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    CARAT_CHECK(c.value >= 0x20 || c.value == '\n');
    CARAT_CHECK(c.value < 0x7F || c.value > 0x9F);
    at += c.length;
  }
  CARAT_CHECK(error.code() != ErrorCode::kInternal);
}

}  // namespace carat::fuzz
