// Text: requests, templates, tokenizing, replies. Functions without a Result may let std::bad_alloc out.

#include "../model_testing.h"
#include "base/bad_alloc.h"
#include "chat/prompt.h"
#include "chat/render.h"
#include "chat/reply_parser.h"
#include "chat/request_json.h"
#include "formats/model_tokenizer.h"
#include "tokenizer/detokenizer.h"
#include "torture.h"

namespace carat::torture {
namespace {

using testing::golden_dir;

constexpr const char* kRequest = R"({"messages": [
  {"role": "system", "content": "Be brief."},
  {"role": "user", "content": "What is the weather in Łódź, and why?"},
  {"role": "assistant", "content": "Wait.", "tool_calls": [{"type": "function", "function":
     {"name": "weather", "arguments": {"place": "Łódź", "days": [1, 2.5, null, true], "deep": {"a": {"b": "c"}}}}}]},
  {"role": "tool", "name": "weather", "content": "{\"sky\": \"blue\"}"},
  {"role": "user", "content": "And tomorrow?"}],
  "tools": [{"type": "function", "function": {"name": "weather", "description": "tells the weather", "parameters":
     {"type": "object", "properties": {"place": {"type": "string"}, "days": {"type": "array", "items": {"type": "number"}}},
      "required": ["place"]}}}],
  "add_generation_prompt": true, "enable_thinking": true})";

constexpr const char* kReply =
    "<|channel>thought\nI should ask, perhaps at some length so that nothing is short.<channel|>Let me see.\n"
    "<|tool_call>call:weather{place:<|\"|>Łódź<|\"|>,days:[1,2.5]}<tool_call|>"
    "<|tool_call>call:weather{place:<tool_call|>And that was all of it, a sentence of text.<turn|>";

TEST(TextTorture, Templates) {
  const auto request = chat::parse_request(kRequest);
  ASSERT_TRUE(request);
  for (const auto format : {chat::ChatFormat::kGemma4Small, chat::ChatFormat::kGemma4Large}) {
    torture({.name = "render " + std::string(to_string(format)),
             .run = [&]() -> Result<std::string> {
               ASSIGN_OR_RETURN(const chat::Prompt prompt, chat::render(format, *request));
               return no_bad_alloc([&]() -> Result<std::string> { return chat::to_string(prompt); });
             },
             .may_do_without = true});  // std::stable_sort
  }
}

TEST(TextTorture, Tokenizing) {
  const auto source = formats::open_model(golden_dir() / "text/e2b");
  ASSERT_TRUE(source);
  const auto tokenizer = formats::open_tokenizer(*source);
  ASSERT_TRUE(tokenizer);
  torture({.name = "text to ids and back", .run = [&]() -> Result<std::string> {
             return no_bad_alloc([&]() -> Result<std::string> {
               const auto ids = tokenizer->encode("Some text that is long enough, with \xff bytes and 散乱.\n\n  End");
               tokenizer::Detokenizer detokenizer(*tokenizer);
               std::string text;
               for (const auto id : ids) text += detokenizer.push(id);
               return text + detokenizer.flush() + tokenizer->decode(ids) + std::to_string(ids.size());
             });
           }});
  torture({.name = "saved tables", .run = [&]() -> Result<std::string> {
             return no_bad_alloc([&]() -> Result<std::string> {
               const auto tables = std::make_shared<std::vector<std::byte>>(tokenizer->save_tables());
               ASSIGN_OR_RETURN(const auto same, tokenizer::Tokenizer::from_tables(*tables, tables));
               return std::to_string(same.encode("Some text that is long enough").size());
             });
           }});
}

TEST(TextTorture, Replies) {
  torture({.name = "a reply, letter by letter",
           .run = [&]() -> Result<std::string> {
             return no_bad_alloc([&]() -> Result<std::string> {
               chat::ReplyParser parser(chat::ReplyOptions{});
               chat::Reply reply;
               for (const char* c = kReply; *c != '\0'; ++c) chat::collect(parser.push_text({c, 1}), reply);
               chat::collect(parser.finish(), reply);
               std::string text = reply.thinking + "|" + reply.content + "|" + std::to_string(reply.tool_calls.size());
               for (const auto& raw : reply.malformed_calls) text += "|" + raw;
               return text;
             });
           },
           .one_only = true});
}

}  // namespace
}  // namespace carat::torture
