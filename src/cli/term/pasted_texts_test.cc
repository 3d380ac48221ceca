#include "cli/term/pasted_texts.h"

#include <gtest/gtest.h>

namespace carat::cli {
namespace {

TEST(PastedTexts, ShortOnesStayAsTheyAre) {
  PastedTexts pasted;
  EXPECT_EQ(pasted.add("one\rtwo\r\nthree\n"), "one\ntwo\nthree");
  EXPECT_EQ(pasted.add(std::string_view("a\0b", 3)), "ab");
  EXPECT_EQ(pasted.expand("x one\ntwo y"), "x one\ntwo y");
}

TEST(PastedTexts, LongOnesAreMarked) {
  PastedTexts pasted;
  std::string lines;
  for (int i = 0; i < 50; ++i) lines.append("line ").append(std::to_string(i)).append("\r");
  const std::string mark = pasted.add(lines);
  EXPECT_EQ(mark, "[pasted 50 lines #1]");
  const std::string wide = pasted.add(std::string(5000, 'x') + mark);
  EXPECT_EQ(wide, "[pasted 5020 bytes #2]");
  const std::string message = pasted.expand("look: " + mark + " and " + wide + "?");
  EXPECT_TRUE(message.starts_with("look: line 0\nline 1\n"));
  EXPECT_NE(message.find("line 49 and xxx"), std::string::npos);
  EXPECT_TRUE(message.ends_with("xxx" + mark + "?")) << "a mark inside a pasted text is text";
  EXPECT_EQ(pasted.expand("[pasted 50 lines #1"), "[pasted 50 lines #1") << "a mark that was changed is text";
}

}  // namespace
}  // namespace carat::cli
