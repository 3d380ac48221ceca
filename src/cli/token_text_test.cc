#include "cli/token_text.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "cli/input.h"
#include "formats/tokenizer_json.h"

namespace carat::cli {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

class TokenText : public ::testing::Test {
 protected:
  TokenText()
      : tokenizer_(Tokenizer::create(
                       formats::read_tokenizer_json(CARAT_SOURCE_DIR "/tests/golden/text/e2b/tokenizer.json").value())
                       .value()) {}
  Tokenizer tokenizer_;
};

std::string message(const Result<std::string>& result) { return result ? *result : result.error().to_string(); }

TEST_F(TokenText, IdsAreSeparatedByCommasOrBlanks) {
  EXPECT_EQ(*parse_token_ids(" 2,10 55\n,\t7", 512, "ids"), (std::vector<TokenId>{2, 10, 55, 7}));
  EXPECT_TRUE(parse_token_ids("", 512, "ids")->empty());
  for (const char* bad : {"512", "-1", "2x", "two", "99999999999999"}) {
    const auto ids = parse_token_ids(bad, 512, "ids.txt");
    ASSERT_FALSE(ids) << bad;
    EXPECT_EQ(ids.error().to_string(), "ids.txt: \"" + std::string(bad) + "\" is no token id; 0 to 511 was expected");
  }
  EXPECT_EQ(format_token_ids(std::vector<TokenId>{2, 10}), "2 10");
}

TEST_F(TokenText, JsonLinesBothWays) {
  const std::string ids = message(encode_json(tokenizer_, R"({"text": "<bos>the sum\n"})", true, "line 1"));
  EXPECT_TRUE(ids.starts_with("{\"ids\": [2, ")) << ids;
  EXPECT_EQ(message(decode_json(tokenizer_, ids, "line 1")), R"({"text": "<bos>the sum\n"})");
  // Plain text holds no control token, but says the same.
  const std::string plain = message(encode_json(tokenizer_, R"({"text": "<bos>the sum\n"})", false, "line 1"));
  EXPECT_NE(plain, ids);
  EXPECT_EQ(message(decode_json(tokenizer_, plain, "line 1")), R"({"text": "<bos>the sum\n"})");
  // 238 + 0xE5: half a character.
  const TokenId byte = *tokenizer_.find_piece("<0xE5>");
  EXPECT_EQ(message(decode_json(tokenizer_, "{\"ids\": [" + std::to_string(byte) + "]}", "line 1")),
            "{\"text\": \"\xEF\xBF\xBD\"}");
}

TEST_F(TokenText, BadLinesAreNamed) {
  for (const char* bad :
       {"{}", "[]", "\"a\"", R"({"text": 3})", R"({"ids": [1]})", "{\"text\": \"a\"", R"({"text": "\ud800"})"}) {
    const std::string said = message(encode_json(tokenizer_, bad, false, "in.jsonl:7"));
    EXPECT_TRUE(said.starts_with("in.jsonl:7: ")) << said;
  }
  for (const char* bad :
       {R"({"ids": 3})", R"({"ids": ["a"]})", R"({"ids": [-1]})", R"({"ids": [1.5]})", R"({"ids": [512]})"}) {
    const std::string said = message(decode_json(tokenizer_, bad, "in.jsonl:7"));
    EXPECT_TRUE(said.starts_with("in.jsonl:7: ")) << said;
  }
}

TEST(InputTest, GivesLinesAndTheRest) {
  const std::string path = ::testing::TempDir() + "carat_input_test." + std::to_string(::getpid());
  const std::string long_line(200'000, 'x');
  std::FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  std::fputs(("one\n\n" + long_line + "\nlast").c_str(), file);
  std::fclose(file);

  auto input = Input::open(path);
  ASSERT_TRUE(input);
  EXPECT_EQ(**input->next_line(1'000'000), "one");
  EXPECT_EQ(**input->next_line(1'000'000), "");
  EXPECT_EQ(**input->next_line(1'000'000), long_line);
  EXPECT_EQ(**input->next_line(1'000'000), "last");
  EXPECT_EQ(input->line_number(), 4u);
  EXPECT_EQ(*input->next_line(1'000'000), std::nullopt);

  auto again = Input::open(path);
  EXPECT_EQ(**again->next_line(10), "one");
  EXPECT_EQ(*again->rest(1'000'000), "\n" + long_line + "\nlast");
  auto limited = Input::open(path);
  EXPECT_EQ(limited->rest(1'000).error().code(), ErrorCode::kLimit);
  auto lines = Input::open(path);
  (void)lines->next_line(1'000);
  (void)lines->next_line(1'000);
  EXPECT_EQ(lines->next_line(1'000).error().to_string(), path + ": line 3 has more than 1000 bytes");
  std::remove(path.c_str());

  EXPECT_EQ(Input::open(path).error().code(), ErrorCode::kNotFound);
  auto directory = Input::open("/");
  EXPECT_EQ(directory->rest(10).error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace carat::cli
