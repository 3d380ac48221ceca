#include "runtime/stop.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace carat::runtime {
namespace {

TEST(StopStrings, HoldsBackWhatMayBecomeOne) {
  StopStrings stop = StopStrings::create({"END", "\n\n"}).value();
  EXPECT_EQ(stop.push("The E"), "The ");
  EXPECT_EQ(stop.push("N"), "");
  EXPECT_EQ(stop.push("ERGY\n"), "ENERGY");
  EXPECT_EQ(stop.push("x"), "\nx");
  EXPECT_EQ(stop.push("EN"), "");
  EXPECT_EQ(stop.push("D and more"), "");
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.matched(), "END");
  EXPECT_EQ(stop.push("more"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopStrings, GivesTheRestAtTheEnd) {
  StopStrings stop = StopStrings::create({"stop"}).value();
  EXPECT_EQ(stop.push("non-sto"), "non-");
  EXPECT_EQ(stop.finish(), "sto");
  EXPECT_FALSE(stop.stopped());
}

TEST(StopStrings, WithoutStringsTextPassesThrough) {
  StopStrings stop = StopStrings::create({}).value();
  EXPECT_EQ(stop.push("anything"), "anything");
}

TEST(StopStrings, OfTwoThatEndTogetherTheLongestIsCut) {
  StopStrings stop = StopStrings::create({"b", "ab"}).value();
  EXPECT_EQ(stop.push("xab"), "x");
  EXPECT_EQ(stop.matched(), "ab");
}

TEST(StopStrings, RefusesAnEmptyOne) {
  EXPECT_EQ(StopStrings::create({"a", ""}).error().code(), ErrorCode::kInvalidArgument);
}

// However the text is cut, the shown text is the part before the first match to be complete.
RC_GTEST_PROP(StopStrings, DoesNotDependOnThePieces, ()) {
  const auto letter = rc::gen::element('a', 'b');
  const auto text = *rc::gen::container<std::string>(letter);
  const auto strings =
      *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(rc::gen::container<std::string>(letter)));
  std::string expected = text;
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& s : strings) {
      if (std::string_view(text).substr(0, end).ends_with(s)) longest = std::max(longest, s.size());
    }
    if (longest > 0) {
      expected = text.substr(0, end - longest);
      break;
    }
  }
  StopStrings stop = StopStrings::create(strings).value();
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto n = static_cast<std::size_t>(*rc::gen::inRange(1, 5));
    shown += stop.push(std::string_view(text).substr(at, n));
    RC_ASSERT(expected.starts_with(shown));  // never more than may be shown
    at += n;
  }
  shown += stop.finish();
  RC_ASSERT(shown == expected);
}

}  // namespace
}  // namespace carat::runtime
