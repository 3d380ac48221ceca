// Any text as a model's reply: however it is cut, and whether it comes as text or as ids, the same answer, thinking and
// calls come out; exactly one stop, and nothing after it. The first two bytes choose options and cuts.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "chat/reply_parser.h"
#include "fuzz/target.h"
#include "fuzz/test_vocabulary.h"
#include "tokenizer/detokenizer.h"

namespace carat::fuzz {
namespace {

using chat::collect;
using chat::Reply;
using chat::ReplyEvent;
using chat::ReplyOptions;
using chat::ReplyParser;

ReplyOptions options_of(std::uint8_t choice) {
  static const chat::JsonRef tool = std::make_shared<const Json>(
      Json{{"type", "function"},
           {"function",
            {{"name", "f"},
             {"parameters",
              {{"type", "object"},
               {"properties",
                {{"s", {{"type", "string"}}},
                 {"n", {{"type", "number"}}},
                 {"i", {{"type", "integer"}}},
                 {"a", {{"type", "array"}, {"items", {{"type", "string"}}}}},
                 {"o", {{"type", "object"}, {"properties", {{"s", {{"type", "string"}}}}}}}}}}}}}});
  ReplyOptions options;
  options.starts_in_thought = (choice & 1) != 0;
  options.keep_thinking = (choice & 2) == 0;
  if ((choice & 4) != 0) options.tools = {tool};
  return options;
}

// Adds what came to the reply; after a stop nothing may come.
class Collector {
 public:
  void add(std::vector<ReplyEvent> events) {
    for (const ReplyEvent& event : events) {
      CARAT_CHECK(!stopped_);
      stopped_ = event.kind == ReplyEvent::Kind::kStop;
      if (event.kind == ReplyEvent::Kind::kToolCall) CARAT_CHECK(event.call.arguments->is_object());
      if (event.kind == ReplyEvent::Kind::kMalformedCall) CARAT_CHECK(!event.text.empty());
    }
    collect(std::move(events), reply_);
  }
  Reply finish() && {
    CARAT_CHECK(stopped_);
    return std::move(reply_);
  }

 private:
  Reply reply_;
  bool stopped_ = false;
};

void check_same(const Reply& a, const Reply& b) {
  CARAT_CHECK(a.thinking == b.thinking && a.content == b.content && a.stop == b.stop);
  CARAT_CHECK(a.malformed_calls == b.malformed_calls && a.tool_calls.size() == b.tool_calls.size());
  for (std::size_t i = 0; i < a.tool_calls.size(); ++i) {
    CARAT_CHECK(a.tool_calls[i].name == b.tool_calls[i].name);
    CARAT_CHECK(*a.tool_calls[i].arguments == *b.tool_calls[i].arguments);
  }
}

Reply in_pieces(std::string_view text, std::uint8_t cuts, const ReplyOptions& options) {
  ReplyParser parser(options);
  Collector collector;
  for (std::uint32_t state = cuts; !text.empty();) {
    state = state * 1664525 + 1013904223;
    const std::size_t n = std::min<std::size_t>(text.size(), (state >> 24) % (1 + cuts % 16));  // pieces may be empty
    collector.add(parser.push_text(text.substr(0, std::max<std::size_t>(n, (state >> 16) & 1))));
    text.remove_prefix(std::max<std::size_t>(n, (state >> 16) & 1));
  }
  collector.add(parser.finish());
  return std::move(collector).finish();
}

Reply as_ids(const std::vector<tokenizer::TokenId>& ids, const tokenizer::Tokenizer& tokenizer,
             const ReplyOptions& options) {
  ReplyParser parser(tokenizer, options);
  tokenizer::Detokenizer detokenizer(tokenizer);
  Collector collector;
  for (const auto id : ids) collector.add(parser.push(id, detokenizer.push(id)));
  collector.add(parser.finish(detokenizer.flush()));
  return std::move(collector).finish();
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  static const carat::tokenizer::Tokenizer tokenizer = test_tokenizer();
  if (size < 2) return 0;
  const auto options = options_of(data[0]);
  // Text comes from a detokenizer, which gives valid UTF-8 with spaces.
  const auto ids = tokenizer.encode_with_control(carat::replace_invalid_utf8(as_text(data + 2, size - 2)));
  const std::string text = tokenizer.decode(ids);
  const auto whole = carat::chat::parse_reply(text, options);
  check_same(whole, in_pieces(text, data[1], options));
  check_same(whole, as_ids(ids, tokenizer, options));
  CARAT_CHECK(carat::is_valid_utf8(whole.content) && carat::is_valid_utf8(whole.thinking));
  return 0;
}
