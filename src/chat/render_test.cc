#include "chat/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "chat/chat_testing.h"
#include "chat/limits.h"
#include "chat/request_json.h"

namespace carat::chat {
namespace {

using testing::rendered;
using testing::rendered_from;

constexpr ChatFormat kSmall = ChatFormat::kGemma4Small;
constexpr ChatFormat kLarge = ChatFormat::kGemma4Large;
constexpr ChatFormat kGemma3 = ChatFormat::kGemma3;

// Every expected string of the official template, both variants.
TEST(RenderGemma4, EqualsTheOfficialTemplate) {
  int n_strings = 0;
  const Json all = testing::examples();
  for (const Json& example : all["prompt_examples"]) {
    const Json& expected = example["expected"];
    for (const auto& [variant, format] : {std::pair("small", kSmall), std::pair("large", kLarge)}) {
      const auto at = expected.contains("both") ? expected.find("both") : expected.find(variant);
      ASSERT_NE(at, expected.end());
      EXPECT_EQ(rendered(format, example), at->get<std::string>()) << example["name"] << " " << variant;
      ++n_strings;
    }
  }
  EXPECT_EQ(n_strings, 130);
}

// Cases beyond the examples, each rendered by the official template under Jinja2 3.1.6.
TEST(RenderGemma4, EqualsTheOfficialTemplateElsewhere) {
  EXPECT_EQ(rendered_from(kSmall, R"({"messages": [
                {"role": "model", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "assistant", "content": "c"}]})"),
            "<bos><|turn>model\na<|turn>model\nbc<turn|>\n");
  EXPECT_EQ(
      rendered_from(
          kSmall,
          R"({"messages": [{"role": "user", "content": "x", "tool_responses": [{"response": null}, {"name": "f"}]}],
                                 "add_generation_prompt": true})"),
      "<bos><|turn>user\n<|tool_response>response:unknown{value:null}<tool_response|>"
      "<|tool_response>response:f{value:[]}<tool_response|>x<turn|>\n");
  EXPECT_EQ(rendered_from(
                kSmall,
                "{\"messages\": [{\"role\": \"user\", \"content\": \"\\u3000\\u001c\\u00a0x\\u2028\\ufeff\\u0085\"}]}"),
            "<bos><|turn>user\nx\u2028\ufeff<turn|>\n");
  EXPECT_EQ(
      rendered_from(kSmall,
                    R"({"messages": [], "tools": [{"function": {"name": "f", "description": null, "parameters": {
                "type": {"a": "it's"}, "properties": {"İ": {"type": null}, "z": {"type": 5}, "ä": "s", "Ä": {"type": "array", "items": {"b": null, "A": 1.0}}}}}}]})"),
      "<bos><|turn>system\n<|tool>declaration:f{description:<|\"|>None<|\"|>,parameters:{properties:{"
      "İ:{type:<|\"|>NONE<|\"|>},z:{type:<|\"|>5<|\"|>},ä:{type:<|\"|><|\"|>},Ä:{items:{A:1.0},type:<|\"|>ARRAY<|\"|>}}"
      ","
      "type:<|\"|>{'A': \"IT'S\"}<|\"|>}}<tool|><turn|>\n");
}

TEST(RenderGemma4, RefusesWhatTheTemplateRefuses) {
  EXPECT_EQ(
      rendered_from(
          kSmall,
          R"({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]})"),
      "error: request: messages[0].tool_calls[0].function.arguments: must be a JSON object, not a string; parse the "
      "string before "
      "passing it on");
  EXPECT_EQ(rendered_from(kSmall, R"({"messages": [{"role": "tool", "content": {"a": 1}}]})"),
            "error: request: messages[0].content: expected text, a list of parts, a number, a boolean or null (an "
            "object must be "
            "passed as JSON text, or in \"tool_responses\"), found object");
  EXPECT_EQ(rendered_from(kSmall, R"({"messages": [{"role": "assistant", "content": [{"type": "text"}]}]})"),
            "error: chat: messages[0].content[0]: a text part needs \"text\"");
  EXPECT_EQ(rendered_from(kSmall, R"({"messages": [], "tools": [{"name": "f"}]})").substr(0, 45),
            "error: chat: a tool needs a \"function\" object");
  EXPECT_EQ(rendered_from(kSmall, R"({"messages": [], "tools": [{"function": {"parameters": {"properties": [1]}}}]})"),
            "error: chat: tools: parameters.properties must be an object, found array");
}

TEST(RenderGemma3, WritesThePublishedFormat) {
  EXPECT_EQ(
      rendered_from(kGemma3,
                    R"({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi "}],
                                  "add_generation_prompt": true})"),
      "<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n");
  EXPECT_EQ(
      rendered_from(
          kGemma3,
          R"({"messages": [{"role": "system", "content": [{"type": "text", "text": " A "}, {"type": "text", "text": "B"}]},
                                  {"role": "user", "content": [{"type": "text", "text": " a "}, {"type": "image"}, {"type": "text", "text": "b\n"}]},
                                  {"role": "assistant", "content": "x"}, {"role": "user", "content": ""}]})"),
      "<bos><start_of_turn>user\n A \n\na<start_of_image>b<end_of_turn>\n<start_of_turn>model\nx<end_of_turn>\n"
      "<start_of_turn>user\n<end_of_turn>\n");
  EXPECT_EQ(
      rendered_from(kGemma3, R"({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]})"),
      "error: chat: gemma3: messages[1]: Conversation roles must alternate: after the optional system message user, "
      "assistant, user, …");
  EXPECT_EQ(rendered_from(kGemma3, R"({"messages": [{"role": "assistant", "content": "a"}]})").substr(0, 40),
            "error: chat: gemma3: messages[0]: Conver");
  EXPECT_EQ(rendered_from(kGemma3, R"({"messages": [{"role": "user"}]})"),
            "error: chat: gemma3: messages[0].content: expected text or a list of parts");
  EXPECT_EQ(rendered_from(kGemma3, R"({"messages": [], "tools": [{}]})"),
            "error: chat: gemma3: the format has no tools; leave \"tools\" out or use a Gemma 4 model");
}

TEST(Render, NamesItsFormats) {
  for (const ChatFormat format : {kSmall, kLarge, kGemma3}) EXPECT_EQ(chat_format(to_string(format)), format);
  EXPECT_EQ(chat_format("gemma4"), std::nullopt);
}

TEST(Render, KeepsItsLimits) {
  const auto refused = [](const Request& request) {
    const Result<Prompt> prompt = render(kSmall, request);
    return prompt ? std::string() : std::string(prompt.error().message());
  };
  Request request;
  request.messages.resize(kMaxMessages, Message{.role = "user"});
  EXPECT_EQ(refused(request), "");
  request.messages.push_back({.role = "user"});
  EXPECT_EQ(refused(request), "chat: messages: 4097, the limit is 4096");

  request.messages = {Message{.role = "user", .content = std::vector<Part>(kMaxParts + 1)}};
  EXPECT_EQ(refused(request), "chat: parts of one message: 65, the limit is 64");

  request.messages.clear();
  request.tools.assign(kMaxTools + 1, std::make_shared<const Json>(Json::object()));
  EXPECT_EQ(refused(request), "chat: tools: 257, the limit is 256");
  request.tools = {std::make_shared<const Json>(Json(std::string(kMaxToolsBytes, 'x')))};
  EXPECT_EQ(refused(request), "chat: bytes of tool declarations: 1048578, the limit is 1048576");

  Json deep = 1;
  for (int i = 0; i < 3000; ++i) deep = Json::array({std::move(deep)});
  request.tools.clear();
  request.messages = {
      Message{.role = "assistant", .tool_responses = {{"f", std::make_shared<const Json>(std::move(deep))}}}};
  EXPECT_EQ(refused(request), "chat: a value is nested deeper than 64 levels, the limit");

  Json schema = Json::object({{"type", "object"}});
  for (int i = 0; i < 3000; ++i) schema = {{"type", "object"}, {"properties", {{"p", std::move(schema)}}}};
  request.messages.clear();
  request.tools = {std::make_shared<const Json>(Json{{"function", {{"parameters", std::move(schema)}}}})};
  EXPECT_EQ(refused(request), "chat: tools: a schema is nested deeper than 64 levels, the limit");
}

TEST(Render, AHundredThousandPiecesStayFast) {
  Request request;
  for (int i = 0; i < 4096; ++i) {
    request.messages.push_back(
        {.role = "assistant", .content = std::string(1000, 'x'), .tool_calls = {{"f", nullptr, "id"}}});
  }
  EXPECT_TRUE(render(kSmall, request));
}

}  // namespace
}  // namespace carat::chat
