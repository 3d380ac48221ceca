#include "tokenizer/vocabulary_check.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_testing.h"

namespace carat::tokenizer {
namespace {

using testing::add_merges;
using testing::id_of;
using testing::tiny_vocabulary;

std::string refusal(Vocabulary vocabulary) {
  const auto tokenizer = Tokenizer::create(std::move(vocabulary));
  return tokenizer ? "accepted" : tokenizer.error().to_string();
}

void expect_refused(Vocabulary vocabulary, std::string_view named) {
  const std::string message = refusal(std::move(vocabulary));
  EXPECT_NE(message.find(named), std::string::npos) << message;
}

TEST(VocabularyCheck, AcceptsATinyOne) { EXPECT_EQ(refusal(tiny_vocabulary({"a", "b"})), "accepted"); }

TEST(VocabularyCheck, RefusesPiecesByName) {
  expect_refused({}, "holds no pieces");
  expect_refused(tiny_vocabulary({"a", ""}), "piece 257 is empty");
  expect_refused(tiny_vocabulary({"a", "b", "a"}), "pieces 256 and 258 are both \"a\"");
  expect_refused(tiny_vocabulary({"x\xFF"}), "piece 256 \"x\\xff\" is not UTF-8");
  EXPECT_EQ(refusal(tiny_vocabulary({std::string(kMaxPieceBytes, 'a')})), "accepted");
  expect_refused(tiny_vocabulary({std::string(kMaxPieceBytes + 1, 'a')}), "at most 1024");
  Vocabulary no_bytes;
  no_bytes.pieces.push_back("a");
  expect_refused(std::move(no_bytes), "no piece \"<0x00>\"");
}

TEST(VocabularyCheck, RefusesTooManyPieces) {
  Vocabulary vocabulary = tiny_vocabulary({});
  vocabulary.types.clear();
  while (vocabulary.pieces.size() < kMaxPieces) vocabulary.pieces.push_back(std::to_string(vocabulary.pieces.size()));
  EXPECT_EQ(refusal(vocabulary), "accepted");
  vocabulary.pieces.push_back("one more");
  expect_refused(std::move(vocabulary), "1048577 pieces; at most 1048576");
}

TEST(VocabularyCheck, RefusesMergesByName) {
  const auto with_merge = [](TokenId left, TokenId right) {
    Vocabulary vocabulary = tiny_vocabulary({"a", "b", "ab"});
    vocabulary.merges.emplace_back(left, right);
    return vocabulary;
  };
  EXPECT_EQ(refusal(with_merge(256, 257)), "accepted");
  expect_refused(with_merge(256, 259), "merge 0 joins a piece id");
  expect_refused(with_merge(-1, 256), "merge 0 joins a piece id");
  expect_refused(with_merge(257, 256), "merge 0 makes \"ba\"");
  Vocabulary twice = with_merge(256, 257);
  twice.merges.push_back(twice.merges[0]);
  expect_refused(std::move(twice), "merge 1 of \"a\" and \"b\" is in the file twice");
}

TEST(VocabularyCheck, RefusesListsThatDoNotFit) {
  Vocabulary types = tiny_vocabulary({"a"});
  types.types.pop_back();
  expect_refused(std::move(types), "256 types for 257 pieces");
  Vocabulary scores = tiny_vocabulary({"a"});
  scores.scores.assign(3, 0);
  expect_refused(scores, "3 scores for 257 pieces");
  scores.scores.assign(257, std::numeric_limits<float>::quiet_NaN());
  expect_refused(std::move(scores), "score of piece 0 is not a number");
  Vocabulary bos = tiny_vocabulary({"a"});
  bos.bos = 257;
  expect_refused(bos, "bos id 257");
  bos.bos = -2;
  expect_refused(std::move(bos), "bos id -2");
}

TEST(VocabularyCheck, ControlAndAddedPiecesHaveALimitTogether) {
  std::vector<std::string> pieces;
  for (int i = 0; i < 1025; ++i) pieces.push_back(std::to_string(100'000 + i).append(1018, 'x'));
  Vocabulary vocabulary = tiny_vocabulary(pieces);
  for (std::size_t id = 256; id < vocabulary.types.size(); ++id) vocabulary.types[id] = PieceType::kControl;
  expect_refused(vocabulary, "control and added pieces take 1049600 bytes; at most 1048576");
  vocabulary.types.back() = PieceType::kNormal;
  EXPECT_TRUE(Tokenizer::create(std::move(vocabulary)));
}

TEST(VocabularyCheck, TypesFollowTheText) {
  Vocabulary vocabulary = tiny_vocabulary({"<eos>", "a"});
  vocabulary.types.clear();
  const PieceIndex index(vocabulary.pieces);
  ASSERT_TRUE(settle_types(vocabulary, index));
  EXPECT_EQ(vocabulary.types[0x41], PieceType::kByte);
  EXPECT_EQ(vocabulary.types[256], PieceType::kControl);
  EXPECT_EQ(vocabulary.types[257], PieceType::kNormal);
}

}  // namespace
}  // namespace carat::tokenizer
