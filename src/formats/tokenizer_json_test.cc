#include "formats/tokenizer_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace carat::formats {
namespace {

using tokenizer::PieceType;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

const std::string kGolden = CARAT_SOURCE_DIR "/tests/golden/text/";

Json golden_json() { return parse_json(read_file(kGolden + "e2b/tokenizer.json", 1 << 20).value()).value(); }

std::string refusal(const Json& json) {
  auto vocabulary = parse_tokenizer_json(json.dump(), "tokenizer.json");
  if (!vocabulary) return vocabulary.error().to_string();
  const auto tokenizer = Tokenizer::create(std::move(vocabulary).value());
  return tokenizer ? "accepted" : tokenizer.error().to_string();
}

void expect_refused(const Json& json, std::string_view named) {
  const std::string message = refusal(json);
  EXPECT_NE(message.find(named), std::string::npos) << message;
}

TEST(TokenizerJson, GoldensOfEveryVariant) {
  for (const std::string variant : {"e2b", "e4b", "12b-unified", "26b-a4b", "31b", "gemma3"}) {
    auto vocabulary = read_tokenizer_json(kGolden + variant + "/tokenizer.json");
    ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
    EXPECT_EQ(vocabulary->pieces.size(), 512u);
    EXPECT_EQ(vocabulary->merges.size(), 45u);
    const auto tokenizer = Tokenizer::create(std::move(vocabulary).value());
    ASSERT_TRUE(tokenizer) << tokenizer.error().to_string();
    const auto expected = parse_json(read_file(kGolden + variant + "/expected.json", 1 << 20).value());
    const Json& example = (*expected)["tokenizer"];
    const auto ids = tokenizer->encode(example["text"].get<std::string>());
    EXPECT_EQ(ids, example["ids"].get<std::vector<TokenId>>()) << variant;
    EXPECT_EQ(tokenizer->decode(ids), example["text"].get<std::string>());
    EXPECT_EQ(tokenizer->bos(), 2);
    EXPECT_EQ(tokenizer->control_id("<|turn>"), 105);
  }
}

TEST(TokenizerJson, MergesMayBeOneString) {
  Json json = golden_json();
  const auto as_pairs = parse_tokenizer_json(json.dump(), "pairs");
  for (Json& merge : json["model"]["merges"]) merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  const auto as_strings = parse_tokenizer_json(json.dump(), "strings");
  ASSERT_TRUE(as_pairs && as_strings);
  EXPECT_EQ(as_pairs->merges, as_strings->merges);
  json["model"]["merges"][3] = "three pieces here";
  expect_refused(json, "merge 3 \"three pieces here\" is not two pieces");
}

TEST(TokenizerJson, AddedTokensHaveTheirTypes) {
  Json json = golden_json();
  json["added_tokens"].push_back({{"id", 512}, {"content", "<my tag>"}, {"special", false}});
  json["added_tokens"].push_back({{"id", 513}, {"content", "<mine>"}, {"special", true}});
  auto vocabulary = parse_tokenizer_json(json.dump(), "tokenizer.json");
  ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
  EXPECT_EQ(vocabulary->types[512], PieceType::kAdded);
  EXPECT_EQ(vocabulary->types[513], PieceType::kControl);
  const auto tokenizer = Tokenizer::create(std::move(vocabulary).value()).value();
  EXPECT_EQ(tokenizer.encode("<my tag>"), (std::vector<TokenId>{512}));
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{512}), "<my tag>");
  EXPECT_NE(tokenizer.encode("<mine>"), (std::vector<TokenId>{513}));
  EXPECT_EQ(tokenizer.encode_with_control("<mine>"), (std::vector<TokenId>{513}));
}

TEST(TokenizerJson, AByteOrderMarkInAPieceStays) {
  Json json = golden_json();
  json["model"]["vocab"]["\xEF\xBB\xBF#"] = 512;
  const auto vocabulary = parse_tokenizer_json(json.dump(), "tokenizer.json");
  ASSERT_TRUE(vocabulary);
  EXPECT_EQ(vocabulary->pieces[512], "\xEF\xBB\xBF#");
}

TEST(TokenizerJson, RefusesOtherPipelinesByName) {
  const auto changed = [](const char* pointer, const Json& value) {
    Json json = golden_json();
    json[nlohmann::ordered_json::json_pointer(pointer)] = value;
    return json;
  };
  EXPECT_EQ(refusal(golden_json()), "accepted");
  expect_refused(changed("/model/type", "Unigram"), "tokenizer model \"Unigram\"");
  expect_refused(changed("/model/byte_fallback", false), "byte_fallback");
  expect_refused(changed("/model/ignore_merges", true), "ignore_merges");
  expect_refused(changed("/model/dropout", 0.1), "dropout");
  expect_refused(changed("/model/end_of_word_suffix", "</w>"), "end_of_word_suffix");
  EXPECT_EQ(refusal(changed("/model/end_of_word_suffix", "")), "accepted");
  expect_refused(changed("/normalizer", {{"type", "NFKC"}}), "normalizer \"NFKC\"");
  expect_refused(changed("/normalizer", nullptr), "has no normalizer");
  expect_refused(changed("/normalizer/content", "_"), "normalizer \"Replace\"");
  expect_refused(changed("/pre_tokenizer", {{"type", "ByteLevel"}}), "pre-tokenizer \"ByteLevel\"");
  EXPECT_EQ(refusal(changed("/pre_tokenizer", nullptr)), "accepted");
  expect_refused(changed("/decoder/decoders/2", {{"type", "Strip"}}), "decoder \"Strip\"");
  expect_refused(changed("/added_tokens/0/lstrip", true), "\"<pad>\" asks for lstrip");
}

TEST(TokenizerJson, RefusesBrokenFilesByName) {
  const auto changed = [](const char* pointer, const Json& value) {
    Json json = golden_json();
    json[nlohmann::ordered_json::json_pointer(pointer)] = value;
    return json;
  };
  expect_refused(changed("/model", nullptr), "tokenizer model \"?\"");
  expect_refused(changed("/model/vocab", Json::array()), "model.vocab is not an object");
  expect_refused(changed("/model/merges", "none"), "model.merges is not an array");
  expect_refused(changed("/model/vocab/x", 5), "both have the id 5");
  expect_refused(changed("/model/vocab/new", 600), "no piece has the id 512");
  expect_refused(changed("/model/vocab/new", -1), "\"new\" has the id -1");
  expect_refused(changed("/model/vocab/new", 1 << 20), "\"new\" has the id 1048576");
  expect_refused(changed("/model/vocab/new", "7"), "the id of \"new\" is not an integer");
  expect_refused(changed("/added_tokens/0/content", "<other>"), "has the id 0 of the piece \"<pad>\"");
  expect_refused(changed("/model/merges/0", Json::array({"a", "nowhere"})), "merge 0 of \"a\" and \"nowhere\"");
  expect_refused(changed("/model/merges/0", 3), "merge 0 is neither");
  Json no_byte = golden_json();
  no_byte["model"]["vocab"].erase("<0x41>");
  expect_refused(no_byte, "no piece has the id");

  for (const std::string text : {"", "{", "[]", "{}", "{\"model\": \"\\ud800\"}", "\xFF"}) {
    EXPECT_FALSE(parse_tokenizer_json(text, "tokenizer.json")) << text;
  }
  EXPECT_FALSE(read_tokenizer_json(kGolden + "no-such-file.json"));
  EXPECT_FALSE(read_tokenizer_json(kGolden));  // a directory
}

TEST(TokenizerJson, EveryTruncationIsRefused) {
  const std::string text = read_file(kGolden + "e2b/tokenizer.json", 1 << 20).value();
  for (std::size_t length = 0; length + 1 < text.size(); length += 37) {
    EXPECT_FALSE(parse_tokenizer_json(text.substr(0, length), "tokenizer.json")) << length;
  }
}

}  // namespace
}  // namespace carat::formats
