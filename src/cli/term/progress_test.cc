#include "cli/term/progress.h"

#include <gtest/gtest.h>

namespace carat::cli {
namespace {

TEST(ProgressLine, SharesAndTimeLeft) {
  EXPECT_EQ(progress_line("copying", 0, 1000, 3, 80), "copying  0 %");
  EXPECT_EQ(progress_line("copying", 10, 1000, 3, 80), "copying  1 %");  // too early for a guess
  EXPECT_EQ(progress_line("copying", 250, 1000, 3, 80), "copying  25 %, 9 s left");
  EXPECT_EQ(progress_line("copying", 500, 1000, 90, 80), "copying  50 %, 1 min 30 s left");
  EXPECT_EQ(progress_line("copying", 500, 1000, 7500, 80), "copying  50 %, 2 h 05 min left");
  EXPECT_EQ(progress_line("copying", 1000, 1000, 3, 80), "copying  100 %, 0 s left");
}

TEST(ProgressLine, NothingBreaksIt) {
  EXPECT_EQ(progress_line("copying", 5, 0, 3, 80), "copying  0 %");
  EXPECT_EQ(progress_line("copying", 2000, 1000, 3, 80), "copying  100 %, 0 s left");
  EXPECT_EQ(progress_line("copying", 250, 1000, 3, 9), "copying ");  // a wrapped line could not be wiped
  EXPECT_EQ(progress_line("copying", 250, 1000, 3, 0), "c");
}

}  // namespace
}  // namespace carat::cli
