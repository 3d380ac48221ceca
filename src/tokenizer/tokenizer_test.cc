#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tokenizer/control_tokens.h"
#include "tokenizer/tokenizer_testing.h"

namespace carat::tokenizer {
namespace {

using testing::add_merges;
using testing::id_of;
using testing::set_type;
using testing::texts;
using testing::tiny_vocabulary;
using Texts = std::vector<std::string>;

Tokenizer make(Vocabulary vocabulary) {
  auto tokenizer = Tokenizer::create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer) << tokenizer.error().to_string();
  return std::move(tokenizer).value();
}

TEST(Tokenizer, MergesByRankLeftmostFirst) {
  Vocabulary vocabulary = tiny_vocabulary({"a", "b", "c", "ab", "bc", "aa", "abc"});
  add_merges(vocabulary, {{"b", "c"}, {"a", "b"}, {"a", "a"}, {"a", "bc"}});
  const Tokenizer tokenizer = make(std::move(vocabulary));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("abc")), (Texts{"abc"}));  // bc first, then a + bc
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("ab")), (Texts{"ab"}));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("aaa")), (Texts{"aa", "a"}));
  EXPECT_TRUE(tokenizer.encode("").empty());
}

TEST(Tokenizer, MergesByScoreWhereThereAreNoMerges) {
  Vocabulary vocabulary = tiny_vocabulary({"a", "b", "c", "ab", "bc"});
  vocabulary.scores.assign(vocabulary.pieces.size(), -100);
  vocabulary.scores[static_cast<std::size_t>(id_of(vocabulary, "bc"))] = -1;
  vocabulary.scores[static_cast<std::size_t>(id_of(vocabulary, "ab"))] = -2;
  EXPECT_EQ(texts(make(vocabulary), make(vocabulary).encode("abc")), (Texts{"a", "bc"}));
  vocabulary.scores[static_cast<std::size_t>(id_of(vocabulary, "ab"))] = -1;  // a tie: the leftmost
  EXPECT_EQ(texts(make(vocabulary), make(vocabulary).encode("abc")), (Texts{"ab", "c"}));
}

TEST(Tokenizer, MergesWinOverScores) {
  Vocabulary vocabulary = tiny_vocabulary({"a", "b", "c", "ab", "bc"});
  add_merges(vocabulary, {{"a", "b"}});
  vocabulary.scores.assign(vocabulary.pieces.size(), 0);  // filler, as in Gemma 4's GGUF files
  const Tokenizer tokenizer = make(std::move(vocabulary));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("abcbc")), (Texts{"ab", "c", "b", "c"}));
}

TEST(Tokenizer, UnknownCodePointsAndBadUtf8BecomeBytes) {
  const Tokenizer tokenizer = make(tiny_vocabulary({"a", "\xC3\xA9"}));
  EXPECT_EQ(tokenizer.encode("\xE5\x8F\xAB"), (std::vector<TokenId>{0xE5, 0x8F, 0xAB}));
  EXPECT_EQ(tokenizer.encode("\xFF\xC3"), (std::vector<TokenId>{0xFF, 0xC3}));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("a\xC3\xA9")), (Texts{"a", "\xC3\xA9"}));
  EXPECT_EQ(tokenizer.encode(std::string_view("\0", 1)), (std::vector<TokenId>{0}));
  // A byte order mark is text like any other.
  EXPECT_EQ(tokenizer.encode("\xEF\xBB\xBF"), (std::vector<TokenId>{0xEF, 0xBB, 0xBF}));
}

TEST(Tokenizer, SpacesAreTheSpaceSymbol) {
  Vocabulary vocabulary = tiny_vocabulary({"\xE2\x96\x81", "a",
                                           "\xE2\x96\x81"
                                           "a"});
  add_merges(vocabulary, {{"\xE2\x96\x81", "a"}});
  const Tokenizer tokenizer = make(std::move(vocabulary));
  EXPECT_EQ(tokenizer.encode(" a a"), tokenizer.encode("\xE2\x96\x81"
                                                       "a\xE2\x96\x81"
                                                       "a"));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a  a ")), "a  a ");
}

TEST(Tokenizer, OnePieceMayReachAcrossAWordBorder) {
  // Gemma's only one: a rule "cut before every space" would be wrong here; the joints come from the pieces.
  const std::string space = "\xE2\x96\x81";
  Vocabulary vocabulary = tiny_vocabulary({space, "a", ">", "<", "/", "</", space + "</", ">" + space + "</"});
  add_merges(vocabulary, {{"<", "/"}, {space, "</"}, {">", space + "</"}});
  const Tokenizer tokenizer = make(std::move(vocabulary));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("a> </a </")), (Texts{"a", ">" + space + "</", "a", space + "</"}));
}

TEST(Tokenizer, PlainTextNeverGivesAControlString) {
  for (const PieceType type : {PieceType::kNormal, PieceType::kAdded, PieceType::kControl, PieceType::kUnused}) {
    Vocabulary vocabulary = tiny_vocabulary({"<", "|", "t", "turn", "|>", "<|", "<|turn", ">", "<|turn>", "<bos>"});
    add_merges(vocabulary, {{"<", "|"}, {"<|turn", ">"}});  // even merges cannot make one
    set_type(vocabulary, "<|turn>", type);
    set_type(vocabulary, "<bos>", type);
    set_type(vocabulary, "<|turn", PieceType::kAdded);
    const Tokenizer tokenizer = make(std::move(vocabulary));
    for (const TokenId id : tokenizer.encode("<bos><|turn>user <|turn>")) EXPECT_FALSE(tokenizer.is_control(id));
    EXPECT_EQ(texts(tokenizer, tokenizer.encode_with_control("<|turn>t<bos>")), (Texts{"<|turn>", "t", "<bos>"}));
    EXPECT_EQ(tokenizer.control_id("<|turn>"), tokenizer.find_piece("<|turn>"));
    EXPECT_EQ(tokenizer.control_id("turn"), std::nullopt);
    EXPECT_EQ(tokenizer.control_id("<turn|>"), std::nullopt);
    EXPECT_EQ(tokenizer.bos(), tokenizer.find_piece("<bos>"));
  }
}

TEST(Tokenizer, MergesCannotMakeAControlString) {
  Vocabulary vocabulary = tiny_vocabulary({"<", "e", "o", "s", ">", "<e", "os", "<eos", "<eos>"});
  add_merges(vocabulary, {{"<", "e"}, {"o", "s"}, {"<e", "os"}, {"<eos", ">"}});
  Vocabulary scored = vocabulary;
  scored.merges.clear();
  scored.scores.assign(scored.pieces.size(), -1);
  for (const Vocabulary& v : {vocabulary, scored}) {
    const Tokenizer tokenizer = make(v);
    EXPECT_EQ(texts(tokenizer, tokenizer.encode("<eos>")), (Texts{"<eos", ">"}));
    EXPECT_EQ(texts(tokenizer, tokenizer.encode_with_control("<eos>")), (Texts{"<eos>"}));
  }
}

TEST(Tokenizer, AddedTokensMatchInPlainTextLongestFirst) {
  Vocabulary vocabulary =
      tiny_vocabulary({"<", "t", ">", "<t>", "<t>>", "\xE2\x96\x81\xE2\x96\x81", "\xE2\x96\x81", "<unused7>"});
  for (const char* piece : {"<t>", "<t>>", "\xE2\x96\x81\xE2\x96\x81"}) set_type(vocabulary, piece, PieceType::kAdded);
  set_type(vocabulary, "<unused7>", PieceType::kControl);  // control by the file's word
  const Tokenizer tokenizer = make(std::move(vocabulary));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("<t><t>>t")), (Texts{"<t>", "<t>>", "t"}));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode("t   t")), (Texts{"t", "\xE2\x96\x81\xE2\x96\x81", "\xE2\x96\x81", "t"}));
  EXPECT_FALSE(tokenizer.is_control(tokenizer.encode("<unused7>")[0]));
  EXPECT_EQ(texts(tokenizer, tokenizer.encode_with_control("<unused7><t>")), (Texts{"<unused7>", "<t>"}));
}

TEST(Tokenizer, AMillionTimesOneCharacterTakesNoTime) {
  std::vector<std::string> pieces;
  std::vector<std::pair<std::string, std::string>> merges;
  for (std::size_t length = 1; length <= 64; length *= 2) {
    pieces.emplace_back(length, 'a');
    if (length > 1) merges.emplace_back(pieces.back().substr(length / 2), pieces.back().substr(length / 2));
  }
  Vocabulary vocabulary = tiny_vocabulary(pieces);
  add_merges(vocabulary, merges);
  const Tokenizer tokenizer = make(std::move(vocabulary));
  // Squared, two million symbols would take hours.
  const std::vector<TokenId> ids = tokenizer.encode(std::string((1 << 21) + 3, 'a'));
  EXPECT_EQ(ids.size(), (1u << 15) + 2);
  EXPECT_EQ(tokenizer.piece(ids.front()).size(), 64u);
  EXPECT_EQ(tokenizer.piece(ids.back()).size(), 1u);
}

TEST(Tokenizer, ThreadsMayShareIt) {
  Vocabulary vocabulary = tiny_vocabulary({"a", "b", "ab"});
  add_merges(vocabulary, {{"a", "b"}});
  const Tokenizer tokenizer = make(std::move(vocabulary));
  std::string text;
  for (int i = 0; i < 1000; ++i) text += i % 3 == 0 ? "a" : "b";
  const std::vector<TokenId> expected = tokenizer.encode(text);
  std::vector<std::vector<TokenId>> got(4);
  std::vector<std::thread> threads;
  for (auto& ids : got) threads.emplace_back([&] { ids = tokenizer.encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& ids : got) EXPECT_EQ(ids, expected);
}

TEST(ControlTokens, TableHasNoDoubles) {
  for (std::size_t i = 0; i < control::kAll.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(control::kAll[i], control::kAll[j]);
  }
  EXPECT_TRUE(control::is_control_text("<|\"|>"));
  EXPECT_FALSE(control::is_control_text("<table>"));
}

}  // namespace
}  // namespace carat::tokenizer
