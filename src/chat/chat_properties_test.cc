#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "chat/chat_testing.h"
#include "chat/reply_parser.h"
#include "chat/request_json.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer_testing.h"

namespace carat::chat {
namespace {

/// Words that the reader and the templates know, and words that try to break out.
std::string any_word() {
  return *rc::gen::element<std::string>("messages", "role", "content", "tool_calls", "function", "name", "arguments",
                                        "id", "tool_call_id", "tool_responses", "response", "reasoning", "type", "text",
                                        "image", "tools", "parameters", "properties", "items", "required", "enum",
                                        "description", "nullable", "object", "array", "string", "user", "assistant",
                                        "tool", "system", "<turn|>", "<|\"|>", "<|channel>", "<channel|>", "", " a\nb ",
                                        "\u00c4\u3000", "enable_thinking", "add_generation_prompt");
}

Json any_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 9 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::arbitrary<double>();
    case 4:
    case 5:
      return any_word();
    case 6: {
      Json array = Json::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(any_value(depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (int i = *rc::gen::inRange(0, 6); i > 0; --i) object[any_word()] = any_value(depth - 1);
      return object;
    }
  }
}

/// Text of all kinds that UTF-8 allows.
std::string any_text() {
  std::string text;
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    text += *rc::gen::element<std::string>("a", " ", "\n", "\"", "'", "{", "}", "[", "]", ",", ":", "\\", "é", "日",
                                           "😀", "<|\"|>", "<tool_call|>", "<turn|>", "=", "null", "1");
  }
  return text;
}

std::string any_key() {
  std::string key = *rc::gen::element<std::string>("a", "b2", "City", "snake_case", "x-y", "ä");
  return key + std::to_string(*rc::gen::inRange(0, 100));
}

/// A value as a call can carry it (keys are bare there, so they hold no structure).
Json any_argument(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::inRange(-1000, 1000) / 8.0;
    case 4:
      return std::ldexp(*rc::gen::inRange(-1000, 1000), *rc::gen::inRange(-300, 300));
    case 5:
      return any_text();
    case 6: {
      Json array = Json::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(any_argument(depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (int i = *rc::gen::inRange(0, 5); i > 0; --i) object[any_key()] = any_argument(depth - 1);
      return object;
    }
  }
}

/// Equal whatever the order of keys: the format sorts them.
nlohmann::json unordered(const Json& value) { return nlohmann::json::parse(value.dump()); }

RC_GTEST_PROP(ChatProperties, AnyJsonIsRenderedOrRefused, ()) {
  Json request = {{"messages", Json::array()}};
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    Json message = any_value(3);
    if (message.is_object()) message["role"] = any_word();
    request["messages"].push_back(std::move(message));
  }
  if (*rc::gen::arbitrary<bool>()) request["tools"] = any_value(5);
  for (const ChatFormat format : {ChatFormat::kGemma4Small, ChatFormat::kGemma4Large, ChatFormat::kGemma3}) {
    RC_ASSERT(!testing::rendered(format, request).empty());
  }
}

// Rendered as a call, encoded, and fed to the parser token by token as a model would write it: the arguments come back.
RC_GTEST_PROP(ChatProperties, ParsingARenderedCallGivesItsArguments, ()) {
  namespace control = tokenizer::control;
  const std::vector<std::string> pieces(control::kAll.begin(), control::kAll.end());
  static const tokenizer::Tokenizer tokenizer =
      tokenizer::Tokenizer::create(tokenizer::testing::tiny_vocabulary(pieces)).value();

  Json arguments = Json::object();
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) arguments[any_key()] = any_argument(3);
  Request request;
  request.messages.push_back(
      {.role = "assistant", .tool_calls = {{"get_weather", std::make_shared<const Json>(arguments), std::nullopt}}});
  const auto ids = encode(render(ChatFormat::kGemma4Small, request).value(), tokenizer).value();

  ReplyParser parser(tokenizer, {});
  tokenizer::Detokenizer detokenizer(tokenizer);
  Reply reply;
  const auto start = std::find(ids.begin(), ids.end(), *tokenizer.control_id(control::kToolCallOpen));
  for (auto id = start; id != ids.end(); ++id) collect(parser.push(*id, detokenizer.push(*id)), reply);
  RC_ASSERT(reply.tool_calls.size() == 1u);
  RC_ASSERT(reply.tool_calls[0].name == "get_weather");
  RC_ASSERT(unordered(*reply.tool_calls[0].arguments) == unordered(arguments));
  RC_ASSERT(reply.content.empty() && reply.thinking.empty() && reply.stop == StopReason::kToolResponse);
}

}  // namespace
}  // namespace carat::chat
