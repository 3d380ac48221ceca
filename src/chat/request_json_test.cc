#include "chat/request_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace carat::chat {
namespace {

std::string error_of(std::string_view json) {
  const Result<Request> request = parse_request(json);
  return request ? "none" : request.error().to_string();
}

TEST(RequestJson, AllButMessagesMayBeAbsentOrNull) {
  for (const char* json : {R"({"messages": []})", R"({"messages": [], "tools": null, "add_generation_prompt": null,
                           "enable_thinking": null, "preserve_thinking": null, "name": "ignored"})"}) {
    const Result<Request> request = parse_request(json);
    ASSERT_TRUE(request) << json;
    EXPECT_TRUE(request->messages.empty());
    EXPECT_TRUE(request->tools.empty());
    EXPECT_FALSE(request->options.add_generation_prompt);
    EXPECT_FALSE(request->options.enable_thinking);
    EXPECT_FALSE(request->options.preserve_thinking);
  }
}

TEST(RequestJson, ReadsEveryField) {
  const Result<Request> request = parse_request(R"({"messages": [
      {"role": "assistant", "content": [{"type": "text", "text": "t"}, {"type": "image_url"}, {"type": "input_audio"}, {"type": "video"}, {}],
       "reasoning": "", "reasoning_content": "why", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}},
       {"function": {"name": "g", "arguments": null}}], "tool_responses": [{"name": "f", "response": 3}, {}]},
      {"role": "tool", "content": 5, "name": "n", "tool_call_id": "c"}],
      "tools": [{"function": {}}], "add_generation_prompt": true, "enable_thinking": true, "preserve_thinking": true})");
  ASSERT_TRUE(request) << request.error().to_string();
  const Message& message = request->messages[0];
  std::vector<PartKind> kinds;
  for (const Part& part : std::get<std::vector<Part>>(message.content)) kinds.push_back(part.kind);
  EXPECT_EQ(kinds,
            (std::vector{PartKind::kText, PartKind::kImage, PartKind::kAudio, PartKind::kVideo, PartKind::kUnknown}));
  EXPECT_EQ(message.reasoning, "why");
  EXPECT_EQ(message.tool_calls[0].id, "c");
  EXPECT_EQ(dump_json(*message.tool_calls[0].arguments), R"({"a":1})");
  EXPECT_EQ(message.tool_calls[1].arguments, nullptr);
  EXPECT_EQ(*message.tool_responses[0].response, 3);
  EXPECT_EQ(message.tool_responses[1].response, nullptr);
  EXPECT_EQ(*std::get<JsonRef>(request->messages[1].content), 5);
  EXPECT_EQ(request->messages[1].name, "n");
  EXPECT_EQ(request->messages[1].tool_call_id, "c");
  EXPECT_EQ(request->tools.size(), 1u);
  EXPECT_TRUE(request->options.add_generation_prompt && request->options.enable_thinking &&
              request->options.preserve_thinking);
}

TEST(RequestJson, ErrorsNameTheField) {
  EXPECT_EQ(error_of("[]"), "request: expected an object {\"messages\": […], …}, found array");
  EXPECT_EQ(error_of("{}"), "request: \"messages\" is missing; it is a list of {\"role\": …, \"content\": …}");
  EXPECT_EQ(error_of(R"({"messages": {}})"), "request: messages: expected a list, found object");
  EXPECT_EQ(error_of(R"({"messages": ["hi"]})"), "request: messages[0]: expected an object, found string");
  EXPECT_EQ(error_of(R"({"messages": [{"content": "x"}]})"), "request: messages[0]: \"role\" is missing");
  EXPECT_EQ(error_of(R"({"messages": [{"role": 7}]})"), "request: messages[0].role: expected a string, found number");
  EXPECT_EQ(error_of(R"({"messages": [{"role": "user", "content": 12345678901234567890123}]})"),
            "request: messages[0].content: expected text, a list of parts or null, found number");
  EXPECT_EQ(error_of(R"({"messages": [{"role": "user", "content": ["a"]}]})"),
            "request: messages[0].content[0]: expected an object, found string");
  EXPECT_EQ(error_of(R"({"messages": [{"role": "a", "tool_calls": [{}]}]})"),
            "request: messages[0].tool_calls[0]: \"function\" is missing");
  EXPECT_EQ(error_of(R"({"messages": [{"role": "a", "tool_calls": [{"function": {"arguments": {}}}]}]})"),
            "request: messages[0].tool_calls[0].function: \"name\" is missing");
  EXPECT_EQ(error_of(R"({"messages": [], "enable_thinking": "yes"})"),
            "request: enable_thinking: expected true or false, found string");
  EXPECT_EQ(error_of(R"({"messages": [], "tools": [1]})"), "request: tools[0]: expected an object, found number");
  EXPECT_TRUE(error_of("{\"messages\": [}").starts_with("JSON, line 1, column 15: "));
  EXPECT_TRUE(error_of("{\"messages\": [{\"role\": \"\xff\"}]}").starts_with("JSON, line 1, column 25: "));
}

}  // namespace
}  // namespace carat::chat
