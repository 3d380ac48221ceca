#include "cli/term/text_width.h"

#include <gtest/gtest.h>

#include "cli/term/safe_text.h"
#include "cli/term/wide_text.h"

namespace carat::cli {
namespace {

TEST(TextWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("plain"), 5);
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("e\xcc\x81"), 1) << "a combining accent takes no column";
  EXPECT_EQ(display_width("│ é"), 3);
}

TEST(TextWidth, Cuts) {
  EXPECT_EQ(cut_to_width("short", 10), "short");
  EXPECT_EQ(cut_to_width("a long line", 6), "a lon…");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
  EXPECT_EQ(cut_to_width("日本語", 0), "");
  EXPECT_EQ(end_of_width("a long line", 4), "line");
  EXPECT_EQ(end_of_width("日本語", 3), "語");
}

TEST(SafeText, ShowsControlCharacters) {
  EXPECT_EQ(safe_text("a\tb\r\nc"), "a\tb\nc");
  EXPECT_EQ(safe_text("\x1b[2J\x07\x7f"), "␛[2J␇␡");
  EXPECT_EQ(safe_text("\xc2\x9b"
                      "31m\xff\xe2\x80\xae"),
            "\xEF\xBF\xBD"
            "31m\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(safe_line("two\nlines\there"), "two lines here");
}

TEST(WideText, ThereAndBack) {
  EXPECT_EQ(to_utf8(to_wide("a é 日 \xf0\x9f\x99\x82")), "a é 日 \xf0\x9f\x99\x82");
  EXPECT_EQ(to_utf8(to_wide("\xff")), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace carat::cli
