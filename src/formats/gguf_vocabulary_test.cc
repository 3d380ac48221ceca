#include "formats/gguf_vocabulary.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace carat::formats {
namespace {

using tokenizer::PieceType;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

const std::string kSpace = "\xE2\x96\x81";

/// Bytes, then `pieces` of type normal.
struct Parts {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  std::vector<float> scores;
  std::vector<std::string> merges;
};

Parts parts_with(const std::vector<std::string>& pieces) {
  Parts parts;
  for (unsigned value = 0; value < 256; ++value) {
    char text[8];
    std::snprintf(text, sizeof(text), "<0x%02X>", value);
    parts.tokens.emplace_back(text);
    parts.types.push_back(6);
    parts.scores.push_back(0);
  }
  for (const std::string& piece : pieces) {
    parts.tokens.push_back(piece);
    parts.types.push_back(1);
    parts.scores.push_back(-1);
  }
  return parts;
}

GgufMetadata metadata_of(const Parts& parts, std::string_view model) {
  GgufMetadata metadata("model.gguf");
  metadata.set_string("tokenizer.ggml.model", model);
  metadata.set_strings("tokenizer.ggml.tokens", parts.tokens);
  metadata.set_array<std::int32_t>("tokenizer.ggml.token_type", parts.types);
  if (!parts.scores.empty()) metadata.set_array<float>("tokenizer.ggml.scores", parts.scores);
  if (!parts.merges.empty()) metadata.set_strings("tokenizer.ggml.merges", parts.merges);
  return metadata;
}

std::string refusal(const GgufMetadata& metadata) {
  const auto vocabulary = read_gguf_vocabulary(metadata);
  return vocabulary ? "accepted" : vocabulary.error().to_string();
}

void expect_refused(const GgufMetadata& metadata, std::string_view named) {
  const std::string message = refusal(metadata);
  EXPECT_NE(message.find(named), std::string::npos) << message;
}

TEST(GgufVocabulary, ReadsMergesAndIgnoresFillerScores) {
  Parts parts = parts_with({"a", "b", "\n", "ab", "\n\n", "<bos>", "<|turn>"});
  parts.merges = {"\n \n", "a b"};  // a merge may hold newlines
  parts.types[256 + 6] = 4;         // user-defined in many files, control by its text
  GgufMetadata metadata = metadata_of(parts, "gemma4");
  metadata.set<std::uint32_t>("tokenizer.ggml.bos_token_id", 261);
  metadata.set<std::uint32_t>("tokenizer.ggml.eos_token_id", 262);
  auto vocabulary = read_gguf_vocabulary(metadata);
  ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
  EXPECT_TRUE(vocabulary->scores.empty());
  EXPECT_EQ(vocabulary->merges.size(), 2u);
  const Tokenizer tokenizer = Tokenizer::create(std::move(vocabulary).value()).value();
  EXPECT_EQ(tokenizer.encode("ab\n\n"), (std::vector<TokenId>{259, 260}));
  EXPECT_EQ(tokenizer.bos(), 261);
  EXPECT_EQ(tokenizer.eos(), 262);
  EXPECT_EQ(tokenizer.control_id("<|turn>"), 262);
}

TEST(GgufVocabulary, ReadsScoresAndSpacesOfGemma3) {
  Parts parts = parts_with({kSpace, "a", kSpace + "a", "  "});
  parts.types.back() = 4;
  const auto metadata = metadata_of(parts, "llama");
  auto vocabulary = read_gguf_vocabulary(metadata);
  ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
  EXPECT_EQ(vocabulary->pieces[259], kSpace + kSpace);
  EXPECT_EQ(vocabulary->types[259], PieceType::kAdded);
  const Tokenizer tokenizer = Tokenizer::create(std::move(vocabulary).value()).value();
  EXPECT_EQ(tokenizer.encode(" a  a"), (std::vector<TokenId>{258, 259, 257}));
  EXPECT_EQ(tokenizer.encode(" " + kSpace + "a"), (std::vector<TokenId>{259, 257}));
}

TEST(GgufVocabulary, AcceptsOllamasSpelling) {
  Parts parts = parts_with({"a", "b", "ab"});
  GgufMetadata metadata = metadata_of(parts, "llama");
  metadata.set_string("tokenizer.ggml.pre", "gemma4");
  expect_refused(metadata, "tokenizer.ggml.merges is missing");
  metadata.set_strings("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
  EXPECT_EQ(refusal(metadata), "accepted");
}

TEST(GgufVocabulary, RefusesByName) {
  const Parts parts = parts_with({"a"});
  expect_refused(GgufMetadata("model.gguf"), "tokenizer.ggml.model");
  expect_refused(metadata_of(parts, "gpt2"), "tokenizer.ggml.model is \"gpt2\"");
  expect_refused(metadata_of(parts, "gemma4"), "tokenizer.ggml.merges is missing");
  GgufMetadata pre = metadata_of(parts, "llama");
  pre.set_string("tokenizer.ggml.pre", "llama-bpe");
  expect_refused(pre, "tokenizer.ggml.pre is \"llama-bpe\"");
  GgufMetadata prefix = metadata_of(parts, "llama");
  prefix.set<bool>("tokenizer.ggml.add_space_prefix", true);
  expect_refused(prefix, "add_space_prefix");
  GgufMetadata bos = metadata_of(parts, "llama");
  bos.set<std::uint32_t>("tokenizer.ggml.bos_token_id", 257);
  expect_refused(bos, "tokenizer.ggml.bos_token_id is 257");
  GgufMetadata no_tokens = metadata_of(parts, "llama");
  no_tokens.erase("tokenizer.ggml.tokens");
  expect_refused(no_tokens, "tokenizer.ggml.tokens is missing");
  GgufMetadata wrong_type = metadata_of(parts, "llama");
  wrong_type.set_string("tokenizer.ggml.tokens", "a");
  expect_refused(wrong_type, "tokenizer.ggml.tokens is ");

  Parts types = parts;
  types.types.back() = 7;
  expect_refused(metadata_of(types, "llama"), "token_type of piece 256 is 7");
  types.types.pop_back();
  expect_refused(metadata_of(types, "llama"), "tokenizer.ggml.token_type has 256 elements; 257 was expected");
  Parts scores = parts;
  scores.scores.push_back(0);
  expect_refused(metadata_of(scores, "llama"), "tokenizer.ggml.scores has 258 elements");
  Parts merges = parts;
  merges.merges = {"a a", "a"};
  expect_refused(metadata_of(merges, "gemma4"), "merge 1 \"a\" is not two pieces");
  merges.merges = {"a x"};
  expect_refused(metadata_of(merges, "gemma4"), "merge 0 of \"a\" and \"x\"");
}

}  // namespace
}  // namespace carat::formats
