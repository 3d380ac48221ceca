#include "tokenizer/detokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tokenizer/tokenizer_testing.h"

namespace carat::tokenizer {
namespace {

using testing::tiny_vocabulary;

constexpr TokenId kA = 256, kSpaceHello = 257, kTurn = 258;

class DetokenizerTest : public ::testing::Test {
 protected:
  DetokenizerTest() : tokenizer_(Tokenizer::create(tiny_vocabulary({"a", "\xE2\x96\x81hello", "<turn|>"})).value()) {}

  std::vector<std::string> push_all(Detokenizer& detokenizer, const std::vector<TokenId>& ids) {
    std::vector<std::string> out;
    for (const TokenId id : ids) out.push_back(detokenizer.push(id));
    out.push_back(detokenizer.flush());
    return out;
  }

  Tokenizer tokenizer_;
};

using Texts = std::vector<std::string>;
const std::string kBad = "\xEF\xBF\xBD";

TEST_F(DetokenizerTest, SpaceSymbolsBecomeSpaces) {
  Detokenizer detokenizer(tokenizer_);
  EXPECT_EQ(push_all(detokenizer, {kSpaceHello, kA}), (Texts{" hello", "a", ""}));
}

TEST_F(DetokenizerTest, HoldsBytesBackUntilTheyAreACodePoint) {
  Detokenizer detokenizer(tokenizer_);
  EXPECT_EQ(push_all(detokenizer, {0xE5, 0x8F, 0xAB, kA}), (Texts{"", "", "\xE5\x8F\xAB", "a", ""}));
  EXPECT_EQ(push_all(detokenizer, {0x41, 0xF0, 0x9F, 0x98, 0x80}), (Texts{"A", "", "", "", "\xF0\x9F\x98\x80", ""}));
}

TEST_F(DetokenizerTest, BrokenBytesBecomeOneReplacementEach) {
  Detokenizer detokenizer(tokenizer_);
  EXPECT_EQ(push_all(detokenizer, {0xE5}), (Texts{"", kBad}));
  EXPECT_EQ(push_all(detokenizer, {0xE5, 0x8F, kA}), (Texts{"", "", kBad + kBad + "a", ""}));
  EXPECT_TRUE(push_all(detokenizer, {}) == Texts{""});
  EXPECT_EQ(push_all(detokenizer, {0xFF, 0x41, 0x41, 0x41, 0x41, 0x41, kA}).at(6),
            kBad + kBad + kBad + kBad + kBad + kBad + "a");
}

TEST_F(DetokenizerTest, AWholeTextIsDecodedByRuns) {
  // The run holds a whole code point, but it is no UTF-8 in all: Hugging Face gives one U+FFFD for each of its bytes.
  EXPECT_EQ(tokenizer_.decode(std::vector<TokenId>{0xE5, 0x8F, 0xAB, 0xE5, kA}), kBad + kBad + kBad + kBad + "a");
  // Text that has been shown cannot be taken back, so that a stream keeps what was whole.
  Detokenizer detokenizer(tokenizer_);
  EXPECT_EQ(push_all(detokenizer, {0xE5, 0x8F, 0xAB, 0xE5, kA}), (Texts{"", "", "\xE5\x8F\xAB", "", kBad + "a", ""}));
}

TEST_F(DetokenizerTest, ControlPiecesAreSkippedOrKept) {
  Detokenizer skip(tokenizer_);
  EXPECT_EQ(push_all(skip, {kA, kTurn, 0xE5, kTurn, kA}), (Texts{"a", "", "", kBad, "a", ""}));
  Detokenizer keep(tokenizer_, {.control = Detokenizer::Control::kKeep});
  EXPECT_EQ(push_all(keep, {kA, kTurn}), (Texts{"a", "<turn|>", ""}));
  EXPECT_EQ(tokenizer_.decode(std::vector<TokenId>{kTurn, kA}), "<turn|>a");
}

}  // namespace
}  // namespace carat::tokenizer
