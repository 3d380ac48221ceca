#include "eval/windows.h"

#include <gtest/gtest.h>

namespace carat::eval {
namespace {

using Windows = std::vector<std::vector<tokenizer::TokenId>>;
const std::vector<tokenizer::TokenId> kText = {11, 12, 13, 14, 15};

TEST(Windows, ATextThatFitsIsOne) {
  EXPECT_EQ(windows_of(kText, 2, 6), (Windows{{2, 11, 12, 13, 14, 15}}));
  EXPECT_EQ(windows_of(kText, 2, 100), (Windows{{2, 11, 12, 13, 14, 15}}));
  EXPECT_EQ(windows_of(kText, -1, 5), (Windows{kText}));
}

TEST(Windows, EachBeginsWithBos) {
  EXPECT_EQ(windows_of(kText, 2, 5), (Windows{{2, 11, 12, 13, 14}, {2, 15}}));
  EXPECT_EQ(windows_of(kText, 2, 3), (Windows{{2, 11, 12}, {2, 13, 14}, {2, 15}}));
  EXPECT_EQ(windows_of(kText, 2, 2), (Windows{{2, 11}, {2, 12}, {2, 13}, {2, 14}, {2, 15}}));
}

TEST(Windows, WithoutBos) { EXPECT_EQ(windows_of(kText, -1, 2), (Windows{{11, 12}, {13, 14}, {15}})); }

TEST(Windows, NoText) { EXPECT_TRUE(windows_of({}, 2, 8).empty()); }

}  // namespace
}  // namespace carat::eval
