#include "formats/tokenizer_json_limits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/tokenizer_json.h"
#include "tokenizer/tokenizer.h"

namespace carat::formats {
namespace {

using tokenizer::kMaxMerges;
using tokenizer::kMaxPieces;

std::string refusal(const std::string& text) {
  const auto checked = check_tokenizer_json_limits(text, "t");
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code(), ErrorCode::kLimit);
  return checked.error().to_string();
}

std::string repeated(std::string_view text, std::size_t n) {
  std::string out;
  out.reserve(text.size() * n);
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

TEST(TokenizerJsonLimits, EachIsNamed) {
  const auto list = [](std::string_view before, std::string_view element, std::size_t n, std::string_view behind) {
    std::string text = repeated(element, n);
    text.pop_back();  // the last comma
    return std::string(before) + text + std::string(behind);
  };
  const auto vocab = [&](std::size_t n) { return list(R"({"model":{"vocab":{)", "\"a\":1,", n, "}}}"); };
  EXPECT_EQ(refusal(vocab(kMaxPieces)), "accepted");
  EXPECT_EQ(refusal(vocab(kMaxPieces + 1)), "t: has more than 1048576 pieces, the most that are read");
  const auto merges = [&](std::size_t n) { return list(R"({"model":{"merges":[)", "[\"a\",\"b\"],", n, "]}}"); };
  EXPECT_EQ(refusal(merges(kMaxMerges)), "accepted");
  EXPECT_EQ(refusal(merges(kMaxMerges + 1)), "t: has more than 4000000 merges, the most that are read");
  const auto added = [&](std::size_t n) { return list(R"({"added_tokens":[)", R"({"id":1,"content":"a"},)", n, "]}"); };
  EXPECT_EQ(refusal(added(65'536)), "accepted");
  EXPECT_EQ(refusal(added(65'537)), "t: has more than 65536 added tokens, the most that are read");
  const auto others = [&](std::size_t n) { return list(R"({"x":[)", "0,", n, "]}"); };
  EXPECT_EQ(refusal(others(100'000)), "accepted");
  EXPECT_EQ(refusal(others(100'002)),
            "t: has more than 100000 values besides its pieces and merges, the most that are read");
  EXPECT_EQ(refusal(repeated("[", 64) + repeated("]", 64)), "accepted");
  EXPECT_EQ(refusal(repeated("[", 65)), "t: has more than 64 levels of nesting, the most that are read");
  EXPECT_EQ(refusal("\"" + std::string(65'536, 'x') + "\" "), "accepted");
  EXPECT_EQ(refusal("\"" + std::string(65'538, 'x') + "\" "),
            "t: has more than 65536 bytes in one string, the most that are read");
}

TEST(TokenizerJsonLimits, BytesAreCountedWithoutEscapes) {
  EXPECT_EQ(refusal("{" + std::string(65'536, ' ') + "}"), "accepted");
  EXPECT_EQ(refusal("{" + std::string(65'537, '\n') + "}"),
            "t: has more than 65536 blanks in a row, the most that are read");
  const auto pieces = [](std::string_view piece, std::size_t n) {
    const std::string entry = std::string("\"").append(repeated(piece, 1024)).append("\":1,");
    return std::string(R"({"model":{"vocab":{)").append(repeated(entry, n)).append("}}}");
  };
  EXPECT_EQ(refusal(pieces("x", 65'536)), "accepted");
  EXPECT_EQ(refusal(pieces("x", 65'537)), "t: has more than 67108864 bytes of pieces, the most that are read");
  EXPECT_EQ(refusal(pieces("\\u0041", 20'000)), "accepted") << "20 MB, though 120 in the file";
  EXPECT_EQ(refusal(pieces("\\\"", 65'537)), "t: has more than 67108864 bytes of pieces, the most that are read");
}

TEST(TokenizerJsonLimits, NoWayAround) {
  const std::string half = R"("vocab":{)" + repeated("\"a\":1,", kMaxPieces / 2 + 1) + "\"b\":1}";
  EXPECT_NE(refusal(R"({"model":{)" + half + "," + half + "}}"), "accepted") << "a key twice";
  EXPECT_NE(refusal(R"({"model":{"vocab":{"a":[)" + repeated("0,", kMaxPieces) + "0]}}}"), "accepted")
      << "one deep piece";
  EXPECT_NE(refusal(R"({"vocab":[)" + repeated("0,", 100'001) + "0]}"), "accepted") << "the key elsewhere";
  EXPECT_NE(refusal(R"({"model":{"vocab":5,"x":[)" + repeated("0,", 100'001) + "0]}}"), "accepted") << "no list";
  EXPECT_NE(refusal(R"({"a":"\",\"vocab\":","b":[)" + repeated("0,", 100'001) + "0]}"), "accepted") << "in a string";
}

TEST(TokenizerJsonLimits, BrokenTextIsLeftToTheParser) {
  for (const char* text : {"", "\"", "\"\\", "]]]]", "{,,,}", ":::", "\"a\\\""})
    EXPECT_EQ(refusal(text), "accepted") << text;
}

// As many pieces and merges as are allowed: all words over two letters, and every way to cut them.
TEST(TokenizerJsonLimits, TheMostIsRead) {
  std::vector<std::string> words = {"a", "b"};
  std::string vocab, merges;
  std::size_t n_pieces = 0, n_merges = 0;
  const auto add_piece = [&](std::string_view piece) {
    vocab += (n_pieces == 0 ? "\"" : ",\"");
    vocab += piece;
    vocab.append("\":").append(std::to_string(n_pieces++));
  };
  for (int i = 0; i < 256; ++i) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    add_piece(std::string{'<', '0', 'x', kHex[static_cast<std::size_t>(i) / 16], kHex[static_cast<std::size_t>(i) % 16],
                          '>'});
  }
  for (std::size_t i = 0; words[i].size() <= 18; ++i) {
    const std::string word = words[i];
    add_piece(word);
    for (std::size_t at = 1; at < word.size() && n_merges < kMaxMerges; ++at) {
      merges += n_merges++ == 0 ? "[\"" : ",[\"";
      merges.append(word, 0, at).append("\",\"").append(word, at).append("\"]");
    }
    words.push_back(word + "a");
    words.push_back(word + "b");
  }
  while (n_pieces < kMaxPieces) add_piece(std::string("z").append(std::to_string(n_pieces)));
  ASSERT_EQ(n_merges, kMaxMerges);

  const std::string text =
      R"({"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"\u2581"},"model":{"type":"BPE","byte_fallback":true,"vocab":{)" +
      vocab + "},\"merges\":[" + merges + "]}}";
  auto vocabulary = parse_tokenizer_json(text, "most");
  ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
  const auto tokenizer = tokenizer::Tokenizer::create(std::move(vocabulary).value());
  ASSERT_TRUE(tokenizer) << tokenizer.error().to_string();
  EXPECT_EQ(tokenizer->vocab_size(), kMaxPieces);
  EXPECT_EQ(tokenizer->encode("abba"), std::vector<tokenizer::TokenId>{*tokenizer->find_piece("abba")});
}

}  // namespace
}  // namespace carat::formats
