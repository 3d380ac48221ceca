#include "base/text.h"

#include <gtest/gtest.h>

namespace carat {
namespace {

using Parts = std::vector<std::string_view>;

TEST(Trim, BothEnds) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim("\n a \n", "\n"), " a ");
}

TEST(Split, OneMoreThanThereAreSeparators) {
  EXPECT_EQ(split("", ','), Parts{""});
  EXPECT_EQ(split("a", ','), Parts{"a"});
  EXPECT_EQ(split("a,,b,", ','), (Parts{"a", "", "b", ""}));
}

}  // namespace
}  // namespace carat
