// Token ids of the chat examples, with the real vocabulary: the 262,144 pieces of Gemma 3 270M, in which the strings of
// Gemma 4's control tokens are renamed (ordinary pieces and merges are the same in both).

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "chat/prompt.h"
#include "chat/render.h"
#include "chat/reply_parser.h"
#include "chat/request_json.h"
#include "formats/gguf_vocabulary.h"
#include "formats/model_source.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer.h"

namespace carat::chat {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

/// $CARAT_TEST_MODEL, or where `./try` and `./check` keep the model.
std::filesystem::path model_file() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string path = variable("CARAT_TEST_MODEL"); !path.empty()) return path;
  std::filesystem::path data = variable("XDG_DATA_HOME");
  if (data.empty()) data = std::filesystem::path(variable("HOME")) / ".local/share";
  return data / "carat/models/gemma-3-270m-q4_k_m.gguf";
}

Json examples() {
  std::ifstream file(CARAT_SOURCE_DIR "/tests/golden/chat/chat-examples.json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str()).value();
}

class ChatIds : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!std::filesystem::exists(model_file())) return;
    examples_ = new Json(examples());
    const formats::ModelSource source = formats::open_model(model_file()).value();
    const auto file = formats::read_gguf_vocabulary(source.gguf->metadata()).value();

    std::vector<std::string> pieces;
    for (std::size_t i = 0; i < file.pieces.size(); ++i) pieces.emplace_back(file.pieces[i]);
    for (const auto& [text, id] : (*examples_)["special_tokens"].items()) pieces[id.get<std::size_t>()] = text;
    tokenizer::Vocabulary gemma4;
    for (const std::string& piece : pieces) gemma4.pieces.push_back(piece);
    gemma4.types = file.types;
    // A Gemma 4 file has no added tokens but the control ones.
    std::replace(gemma4.types.begin(), gemma4.types.end(), tokenizer::PieceType::kAdded, tokenizer::PieceType::kNormal);
    gemma4.merges = file.merges;
    gemma4.scores = file.scores;
    gemma4.bos = file.bos;
    gemma4_ = new Tokenizer(Tokenizer::create(std::move(gemma4)).value());
    gemma3_ = new Tokenizer(Tokenizer::create(file).value());
  }
  static void TearDownTestSuite() {
    delete gemma4_;
    delete gemma3_;
    delete examples_;
    gemma4_ = gemma3_ = nullptr;
    examples_ = nullptr;
  }
  void SetUp() override {
    ASSERT_NE(gemma4_, nullptr) << model_file() << " is missing: run ./check once, it fetches it";
  }

  static std::vector<TokenId> ids_of(ChatFormat format, const Json& request) {
    const Tokenizer& tokenizer = format == ChatFormat::kGemma3 ? *gemma3_ : *gemma4_;
    return encode(render(format, read_request(request).value()).value(), tokenizer).value();
  }

  static inline Tokenizer* gemma4_ = nullptr;
  static inline Tokenizer* gemma3_ = nullptr;
  static inline Json* examples_ = nullptr;
};

TEST_F(ChatIds, EqualThoseOfTheStringRoute) {
  int n_compared = 0;
  for (const Json& example : (*examples_)["prompt_examples"]) {
    // Its user text spells control tokens, which the string route takes for real: see the next test.
    if (example["name"] == "injection-not-escaped") continue;
    for (const auto& [variant, format] :
         {std::pair("small", ChatFormat::kGemma4Small), std::pair("large", ChatFormat::kGemma4Large)}) {
      const Json& ids = example["token_ids"];
      const Json& expected = ids.contains("both") ? ids["both"] : ids[variant];
      EXPECT_EQ(ids_of(format, example), expected.get<std::vector<TokenId>>()) << example["name"] << " " << variant;
      ++n_compared;
    }
  }
  EXPECT_EQ(n_compared, 128);
}

TEST_F(ChatIds, ForgedTurnsStayText) {
  for (const Json& example : (*examples_)["prompt_examples"]) {
    if (example["name"] != "injection-not-escaped") continue;
    const std::vector<TokenId> ids = ids_of(ChatFormat::kGemma4Small, example);
    EXPECT_NE(ids, example["token_ids"]["small"].get<std::vector<TokenId>>());
    std::vector<TokenId> control;
    for (const TokenId id : ids) {
      if (gemma4_->is_control(id)) control.push_back(id);
    }
    EXPECT_EQ(control, (std::vector<TokenId>{2, 105, 106, 105}));
    tokenizer::Detokenizer detokenizer(*gemma4_, {.control = tokenizer::Detokenizer::Control::kKeep});
    std::string text;
    for (const TokenId id : ids) text += detokenizer.push(id);
    EXPECT_EQ(text + detokenizer.flush(), example["expected"]["small"].get<std::string>());
  }
}

TEST_F(ChatIds, Gemma3) {
  const Json request = parse_json(R"({"messages": [{"role": "system", "content": "Be brief."},
      {"role": "user", "content": " Hi "}], "add_generation_prompt": true})")
                           .value();
  // <bos> <start_of_turn> user \n Be brief . \n\n Hi <end_of_turn> \n <start_of_turn> model \n
  EXPECT_EQ(
      ids_of(ChatFormat::kGemma3, request),
      gemma3_->encode_with_control("<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n"));
}

TEST_F(ChatIds, RepliesParseTokenByToken) {
  for (const Json& example : (*examples_)["parse_examples"]) {
    const std::string raw = example["raw"];
    ReplyParser parser(*gemma4_, {});
    tokenizer::Detokenizer detokenizer(*gemma4_);
    Reply reply;
    for (const TokenId id : gemma4_->encode_with_control(raw)) collect(parser.push(id, detokenizer.push(id)), reply);
    collect(parser.finish(detokenizer.flush()), reply);

    const Reply whole = parse_reply(raw);
    EXPECT_EQ(reply.content, example["expected"]["content"].get<std::string>()) << example["name"];
    EXPECT_EQ(reply.thinking, example["expected"]["thinking"].get<std::string>()) << example["name"];
    EXPECT_EQ(reply.stop, whole.stop) << example["name"];
    ASSERT_EQ(reply.tool_calls.size(), example["expected"]["tool_calls"].size()) << example["name"];
    for (std::size_t i = 0; i < reply.tool_calls.size(); ++i) {
      EXPECT_EQ(reply.tool_calls[i].name, example["expected"]["tool_calls"][i]["name"].get<std::string>());
      EXPECT_EQ(*reply.tool_calls[i].arguments, example["expected"]["tool_calls"][i]["arguments"]);
    }
  }
}

// Text that spells a control string, written by the model piece by piece, is neither structure nor a stop.
TEST_F(ChatIds, SpelledControlStringsInRepliesAreText) {
  const std::string spelled = "Write <turn|>, <|tool_call>call:f{}<tool_call|> or <|channel>.";
  ReplyParser parser(*gemma4_, {});
  tokenizer::Detokenizer detokenizer(*gemma4_);
  Reply reply;
  for (const TokenId id : gemma4_->encode(spelled)) collect(parser.push(id, detokenizer.push(id)), reply);
  collect(parser.finish(detokenizer.flush()), reply);
  EXPECT_EQ(reply.content, spelled);
  EXPECT_TRUE(reply.tool_calls.empty());
  EXPECT_EQ(reply.stop, StopReason::kEndOfInput);
}

}  // namespace
}  // namespace carat::chat
