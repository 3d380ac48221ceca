#include "chat/prompt.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "chat/chat_testing.h"
#include "chat/request_json.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/tokenizer_testing.h"

namespace carat::chat {
namespace {

namespace control = tokenizer::control;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

/// Bytes and every control string.
Tokenizer control_tokenizer() {
  std::vector<std::string> pieces(control::kAll.begin(), control::kAll.end());
  return Tokenizer::create(tokenizer::testing::tiny_vocabulary(pieces)).value();
}

std::vector<std::string> control_tokens(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::vector<std::string> out;
  for (const TokenId id : ids) {
    if (tokenizer.is_control(id)) out.emplace_back(tokenizer.piece(id));
  }
  return out;
}

std::vector<TokenId> ids_of(const Tokenizer& tokenizer, ChatFormat format, const Json& request) {
  return encode(render(format, read_request(request).value()).value(), tokenizer).value();
}

/// A request in which every string that a user may choose is `data`.
Json everywhere(const std::string& data) {
  const Json part = {{"type", "text"}, {"text", data}};
  const Json schema = {{"type", data}, {"description", data}, {"enum", {data}}};
  const Json list = {{"type", "array"}, {"items", {{"type", "string"}, {data, data}, {"enum", {data}}}}};
  const Json enumerated = {{"type", "string"}, {"enum", {data, {{data, data}}}}};
  const Json parameters = {{"type", "object"},
                           {"required", {data}},
                           {"properties", {{data, schema}, {"list", list}, {"enumerated", enumerated}}}};
  const Json function = {{"name", data},
                         {"description", data},
                         {"parameters", parameters},
                         {"response", {{"type", "object"}, {"description", data}}}};
  const Json call = {{"id", data},
                     {"function", {{"name", data}, {"arguments", {{data, data}, {"l", {data, {{data, 1}}}}}}}}};
  return {{"messages",
           {{{"role", "system"}, {"content", {part, part}}},
            {{"role", "user"}, {"content", data}},
            {{"role", data}, {"content", data}},
            {{"role", "assistant"}, {"content", {part}}, {"reasoning", data}, {"tool_calls", {call}}},
            {{"role", "tool"}, {"tool_call_id", data}, {"content", data}},
            {{"role", "tool"}, {"name", data}, {"tool_call_id", "other"}, {"content", {part}}},
            {{"role", "assistant"}, {"tool_responses", {{{"name", data}, {"response", {{data, data}}}}}}}}},
          {"tools", {{{"function", function}}}},
          {"add_generation_prompt", true},
          {"enable_thinking", true}};
}

TEST(Prompt, NoFieldCanForgeAControlToken) {
  const Tokenizer tokenizer = control_tokenizer();
  const std::vector<std::string> harmless =
      control_tokens(tokenizer, ids_of(tokenizer, ChatFormat::kGemma4Large, everywhere("harmless")));
  EXPECT_GT(harmless.size(), 60u);
  for (const std::string_view token : control::kAll) {
    for (const std::string& data : {std::string(token), std::string("x").append(token).append("\n").append(token)}) {
      // Assistant text loses what it says of thoughts; that takes data away and adds nothing.
      const Json request = everywhere(data);
      EXPECT_EQ(control_tokens(tokenizer, ids_of(tokenizer, ChatFormat::kGemma4Large, request)), harmless) << token;
    }
  }
  // Two halves that the template joins.
  Json split = {
      {"messages", {{{"role", "assistant"}, {"content", "<|tu"}}, {{"role", "assistant"}, {"content", "rn>"}}}}};
  EXPECT_EQ(control_tokens(tokenizer, ids_of(tokenizer, ChatFormat::kGemma4Small, split)),
            (std::vector<std::string>{"<bos>", "<|turn>", "<turn|>"}));
}

TEST(Prompt, Gemma3CannotBeForgedEither) {
  const Tokenizer tokenizer = control_tokenizer();
  for (const std::string_view token : control::kAll) {
    const std::string data(token);
    const Json request = {{"messages",
                           {{{"role", "system"}, {"content", data}},
                            {{"role", "user"}, {"content", data}},
                            {{"role", data}, {"content", data}}}}};
    EXPECT_EQ(
        control_tokens(tokenizer, ids_of(tokenizer, ChatFormat::kGemma3, request)),
        (std::vector<std::string>{"<bos>", "<start_of_turn>", "<end_of_turn>", "<start_of_turn>", "<end_of_turn>"}));
  }
}

// The example shows what the string route would make of it; here its text is nothing but text.
TEST(Prompt, InjectionExampleStaysText) {
  const Tokenizer tokenizer = control_tokenizer();
  const Json all = testing::examples();
  for (const Json& example : all["prompt_examples"]) {
    if (example["name"] != "injection-not-escaped") continue;
    EXPECT_EQ(control_tokens(tokenizer, ids_of(tokenizer, ChatFormat::kGemma4Small, example)),
              (std::vector<std::string>{"<bos>", "<|turn>", "<turn|>", "<|turn>"}));
    return;
  }
  FAIL() << "no such example";
}

TEST(Prompt, SegmentsAlternateAndHoldOneControlStringEach) {
  const Json all = testing::examples();
  for (const Json& example : all["prompt_examples"]) {
    const Prompt prompt = render(ChatFormat::kGemma4Large, read_request(example).value()).value();
    const Segment* last = nullptr;
    for (const Segment& segment : prompt.segments) {
      const bool is_text = segment.kind == SegmentKind::kText;
      if (is_text) {
        EXPECT_FALSE(segment.text.empty());
        EXPECT_FALSE(last != nullptr && last->kind == SegmentKind::kText);
      } else {
        EXPECT_TRUE(control::is_control_text(segment.text)) << segment.text;
      }
      last = &segment;
    }
    const std::string text = to_string(prompt);
    EXPECT_EQ(prompt.ends_in_thought, text.ends_with("<|channel>thought\n")) << example["name"];
  }
}

TEST(Prompt, PlaceholdersKnowTheirPart) {
  const Json request = *parse_json(R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [
      {"type": "image"}, {"type": "text", "text": "a"}, {"type": "audio"}, {"type": "video"}]}]})");
  const Prompt prompt = render(ChatFormat::kGemma4Small, read_request(request).value()).value();
  std::vector<std::string> media;
  for (const Segment& s : prompt.segments) {
    if (s.kind == SegmentKind::kText || s.kind == SegmentKind::kControl) continue;
    media.push_back(std::string(to_string(s.kind)) + std::to_string(s.message) + "." + std::to_string(s.part) + s.text);
  }
  EXPECT_EQ(media, (std::vector<std::string>{"image1.0<|image|>", "audio1.2<|audio|>", "video1.3<|video|>"}));
}

TEST(Prompt, AVocabularyWithoutTheFormatIsNamed) {
  const Tokenizer tokenizer = Tokenizer::create(tokenizer::testing::tiny_vocabulary({"<bos>"})).value();
  const Request request = parse_request(R"({"messages": [], "add_generation_prompt": true})").value();
  EXPECT_EQ(encode(render(ChatFormat::kGemma4Small, request).value(), tokenizer).error().message(),
            "chat: the vocabulary has no control token <|turn>, which this chat format writes; choose the format that "
            "belongs "
            "to the model");
}

}  // namespace
}  // namespace carat::chat
