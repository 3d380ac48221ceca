#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace carat {
namespace {

TEST(Utf8, EveryScalarValueSurvivesARoundTrip) {
  for (char32_t value = 0; value <= 0x10FFFF; ++value) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string text;
    append_utf8(value, text);
    const CodePoint point = decode_utf8(text, 0);
    ASSERT_EQ(point.value, value);
    ASSERT_EQ(point.length, text.size());
    ASSERT_EQ(count_code_points(text), 1u);
  }
}

TEST(Utf8, RefusesWhatIsNoUtf8) {
  for (const std::string bad : {
           "\x80",              // continuation alone
           "\xC0\x80",          // overlong NUL
           "\xC1\xBF",          // overlong
           "\xE0\x9F\xBF",      // overlong in three bytes
           "\xF0\x8F\xBF\xBF",  // overlong in four
           "\xED\xA0\x80",      // surrogate
           "\xF4\x90\x80\x80",  // above U+10FFFF
           "\xF5\x80\x80\x80",  // no lead byte
           "\xE5\x8F",          // cut short
           "\xE5\x8Fx",         // broken off
       }) {
    EXPECT_FALSE(is_valid_utf8(bad)) << testing::PrintToString(bad);
    EXPECT_EQ(decode_utf8(bad, 0).length, 0u) << testing::PrintToString(bad);
  }
}

TEST(Utf8, ReplacesByteByByte) {
  EXPECT_EQ(replace_invalid_utf8("a\xE5\x8Fz\xF0\x9F\x98\x80"), "a\xEF\xBF\xBD\xEF\xBF\xBDz\xF0\x9F\x98\x80");
  EXPECT_EQ(replace_invalid_utf8(""), "");
}

}  // namespace
}  // namespace carat
