#include "tokenizer/literal_matcher.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace carat::tokenizer {
namespace {

struct Found {
  std::size_t begin, length;
  TokenId id;
  bool operator==(const Found&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Found& f) { return out << f.begin << "+" << f.length << ":" << f.id; }

LiteralMatcher matcher_of(const std::vector<std::string>& strings) {
  LiteralMatcher::Strings list;
  for (std::size_t i = 0; i < strings.size(); ++i) list.emplace_back(strings[i], static_cast<TokenId>(i));
  return LiteralMatcher(list);
}

std::vector<Found> found(const LiteralMatcher& matcher, std::string_view text) {
  std::vector<Found> all;
  LiteralSearch search(matcher, text);
  for (LiteralMatcher::Match match; search.next(match);) all.push_back({match.begin, match.length, match.id});
  return all;
}

/// Bytes of text, from its front, that are the string with a space for U+2581 where the text has one; 0 = it is not.
std::size_t matched(std::string_view text, std::string_view string) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < string.size(); ++at) {
    if (at == text.size()) return 0;
    if (text[at] == ' ' && string.substr(i).starts_with("\xE2\x96\x81")) {
      i += 3;
    } else if (text[at] == string[i]) {
      ++i;
    } else {
      return 0;
    }
  }
  return at;
}

/// The definition: at each place the longest string that starts there, else one byte on.
std::vector<Found> by_definition(const std::vector<std::string>& strings, std::string_view text) {
  std::vector<Found> all;
  for (std::size_t at = 0; at < text.size();) {
    Found best{at, 0, -1};
    std::size_t longest = 0;
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const std::size_t length = matched(text.substr(at), strings[i]);
      if (length > 0 && strings[i].size() > longest) {
        best = {at, length, static_cast<TokenId>(i)};
        longest = strings[i].size();
      }
    }
    if (best.length > 0) all.push_back(best);
    at += std::max<std::size_t>(best.length, 1);
  }
  return all;
}

TEST(LiteralMatcher, LeftmostAndLongest) {
  const auto matcher = matcher_of({"<a>", "<a><b>", "<b>", "<a><b><c>", "a>", "\n\n", "\n\n\n"});
  EXPECT_EQ(found(matcher, "<a><b><a><b><c>"), (std::vector<Found>{{0, 6, 1}, {6, 9, 3}}));
  EXPECT_EQ(found(matcher, "x<a><b"), (std::vector<Found>{{1, 3, 0}}));
  EXPECT_EQ(found(matcher, "\n\n\n\n\n"), (std::vector<Found>{{0, 3, 6}, {3, 2, 5}}));
  EXPECT_EQ(found(matcher, ""), std::vector<Found>{});
  EXPECT_TRUE(LiteralMatcher().empty());
  EXPECT_FALSE(matcher.empty());
}

TEST(LiteralMatcher, SpacesStandForTheirSymbol) {
  const auto matcher = matcher_of({"\u2581\u2581", "a\u2581b"});
  EXPECT_EQ(found(matcher, "a b  \u2581 "), (std::vector<Found>{{0, 3, 1}, {3, 2, 0}, {5, 4, 0}}));
  EXPECT_EQ(found(matcher, "\x96\x81 \xE2\x96"), std::vector<Found>{});
}

// Blocks of text are looked at one by one: no match may be lost or doubled where they meet.
TEST(LiteralMatcher, AcrossBlocks) {
  const std::string longest(1024, 'x');
  const std::vector<std::string> strings = {longest, "xy", "yy"};
  const auto matcher = matcher_of(strings);
  for (const std::size_t before : {0, 1, 500, 1023, 1024, 1025}) {
    std::string text((std::size_t{1} << 18) - before, '-');
    text += longest + "xyy" + std::string(before, '-') + longest;
    const std::size_t at = (std::size_t{1} << 18) - before;
    EXPECT_EQ(found(matcher, text),
              (std::vector<Found>{{at, 1024, 0}, {at + 1024, 2, 1}, {at + 1027 + before, 1024, 0}}))
        << before;
  }
}

RC_GTEST_PROP(LiteralMatcher, AgreesWithItsDefinition, ()) {
  const auto text_of = [](int most, std::vector<std::string> letters) {
    std::string text;
    for (int i = *rc::gen::inRange(0, most); i > 0; --i) text += *rc::gen::elementOf(letters);
    return text;
  };
  std::vector<std::string> strings;
  for (int i = *rc::gen::inRange(1, 8); i > 0; --i) {
    const std::string string = text_of(7, {"a", "b", "\u2581", "\u00e9"});
    if (!string.empty() && std::find(strings.begin(), strings.end(), string) == strings.end())
      strings.push_back(string);
  }
  const std::string text = text_of(60, {"a", "b", " ", "\u2581", "\u00e9", "\xE2", "\x81", "c"});
  RC_ASSERT(found(matcher_of(strings), text) == by_definition(strings, text));
}

}  // namespace
}  // namespace carat::tokenizer
