#include "base/result.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "base/checked.h"

namespace carat {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return invalid_argument(std::to_string(x) + " is odd; expected an even number");
  return x / 2;
}

Result<int> quarter(int x) {
  ASSIGN_OR_RETURN(const int h, half(x));
  return half(h);
}

TEST(Result, CarriesValueOrError) {
  EXPECT_EQ(*quarter(8), 2);
  const Result<int> failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "3 is odd; expected an even number");
  EXPECT_EQ(failed.error().code(), ErrorCode::kInvalidArgument);
}

TEST(Error, NotesReadOutermostFirst) {
  const Error error = corrupt("bad magic").while_doing("model.gguf").while_doing("loading");
  EXPECT_EQ(error.to_string(), "loading: model.gguf: bad magic");
}

TEST(Checked, RemembersOverflow) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ((Checked<std::uint64_t>(6) * 7 + 1).value(), 43u);
  EXPECT_FALSE((Checked<std::uint64_t>(kMax) * 2 - 5).ok());
  EXPECT_FALSE((Checked<std::uint64_t>(1) - 2 + 5).ok());
  EXPECT_EQ(Checked<std::uint64_t>(33).align_up(32).value(), 64u);
  EXPECT_FALSE(Checked<std::uint64_t>(kMax).align_up(32).ok());
}

}  // namespace
}  // namespace carat
