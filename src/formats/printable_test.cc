#include "formats/printable.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace carat::formats {
namespace {

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("blk.0.attn_q"), "blk.0.attn_q");
  EXPECT_EQ(printable("\xC3\xA9 \xE2\x96\x81"), "\xC3\xA9 \xE2\x96\x81");
  EXPECT_EQ(printable("a\x1B[2Jb\x7F"), "a\\x1B[2Jb\\x7F");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\\xC2\\x9B"
            "2J");  // U+009B, the same in one character
  EXPECT_EQ(printable("\xC3\xA9\xFF\xE2\x96"), "\xC3\xA9\\xFF\\xE2\\x96");
}

TEST(Printable, IsBounded) {
  const std::string shown = printable(std::string(1000, '\x01'));
  EXPECT_EQ(shown.size(), 120 * 4 + 3);
  std::string wide;
  for (int i = 0; i < 500; ++i) wide += "\xF0\x9F\x98\x80";
  EXPECT_TRUE(is_valid_utf8(printable(wide)));
  EXPECT_LE(printable(wide).size(), 120u + 3);
}

}  // namespace
}  // namespace carat::formats
