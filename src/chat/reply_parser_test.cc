#include "chat/reply_parser.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "chat/chat_testing.h"

namespace carat::chat {
namespace {

std::string_view control_text(StopReason reason) {
  switch (reason) {
    case StopReason::kEndOfTurn:
      return "<turn|>";
    case StopReason::kEndOfText:
      return "<eos>";
    case StopReason::kToolResponse:
      return "<|tool_response>";
    case StopReason::kEndOfInput:
      return "";
  }
  return "";
}

Json as_json(const Reply& reply) {
  Json calls = Json::array();
  for (const ToolCall& call : reply.tool_calls) calls.push_back({{"name", call.name}, {"arguments", *call.arguments}});
  Json json = {{"thinking", reply.thinking},
               {"content", reply.content},
               {"tool_calls", std::move(calls)},
               {"stop", control_text(reply.stop)}};
  if (!reply.malformed_calls.empty()) json["malformed"] = reply.malformed_calls;
  return json;
}

Json parsed(std::string_view raw, ReplyOptions options = {}) { return as_json(parse_reply(raw, std::move(options))); }

/// The arguments of the only call of a reply whose body is `pairs`.
std::string arguments(std::string_view pairs, ReplyOptions options = {}) {
  const Reply reply =
      parse_reply("<|tool_call>call:f{" + std::string(pairs) + "}<tool_call|><|tool_response>", options);
  if (reply.tool_calls.size() != 1 || !reply.malformed_calls.empty()) return "malformed";
  return dump_json(*reply.tool_calls[0].arguments);
}

TEST(ReplyParser, EqualsEveryExample) {
  const Json all = testing::examples();
  for (const Json& example : all["parse_examples"]) {
    EXPECT_EQ(parsed(example["raw"].get<std::string>()), example["expected"]) << example["name"];
  }
  EXPECT_EQ(all["parse_examples"].size(), 16u);
}

/// Events with neighbouring texts joined, as one string to compare.
std::string joined(const std::vector<ReplyEvent>& events) {
  std::string out;
  const ReplyEvent* last = nullptr;
  for (const ReplyEvent& event : events) {
    const bool is_text = event.kind == ReplyEvent::Kind::kText || event.kind == ReplyEvent::Kind::kThinking;
    if (!is_text || last == nullptr || last->kind != event.kind) out += "\n#" + std::to_string(int(event.kind)) + " ";
    out += event.text;
    if (event.kind == ReplyEvent::Kind::kToolCall)
      out += event.call.name + dump_json(*event.call.arguments) + event.raw;
    if (event.kind == ReplyEvent::Kind::kMalformedCall) out += event.raw;
    if (event.kind == ReplyEvent::Kind::kStop) out += control_text(event.stop);
    last = &event;
  }
  return out;
}

TEST(ReplyParser, PiecesDoNotMatter) {
  std::mt19937 rng(3);
  const std::vector<std::string> atoms = {
      "<|channel>", "<channel|>",  "<|tool_call>", "<tool_call|>", "<tool_response|>",
      "<|\"|>",     "thought\n",   "call:f{",      "a:1",          ",",
      "}",          " \n ",        "Hello",        "<|tu",         "<",
      "|>",         "x: \xc3\xa9", "\xff",         "<pad>",        "{b:[1,2]}",
      "<|turn>"};
  for (int round = 0; round < 20'000; ++round) {
    std::string raw;
    for (int i = 0, n = 1 + static_cast<int>(rng() % 14); i < n; ++i) raw += atoms[rng() % atoms.size()];
    if (rng() % 2 == 0) raw += rng() % 2 == 0 ? "<turn|>" : "<|tool_response>";
    const ReplyOptions options{.starts_in_thought = rng() % 4 == 0, .keep_thinking = rng() % 8 != 0};

    ReplyParser whole(options);
    std::vector<ReplyEvent> expected = whole.push_text(raw);
    for (ReplyEvent& e : whole.finish()) expected.push_back(std::move(e));
    ASSERT_EQ(expected.back().kind, ReplyEvent::Kind::kStop);

    ReplyParser pieces(options);
    std::vector<ReplyEvent> events;
    for (std::size_t at = 0; at < raw.size();) {
      const std::size_t n = 1 + rng() % 7;
      for (ReplyEvent& e : pieces.push_text(std::string_view(raw).substr(at, n))) events.push_back(std::move(e));
      at += n;
    }
    for (ReplyEvent& e : pieces.finish()) events.push_back(std::move(e));
    ASSERT_EQ(joined(events), joined(expected)) << raw;
  }
}

TEST(ReplyParser, HoldsBackOuterWhiteSpace) {
  ReplyParser parser(ReplyOptions{});
  EXPECT_TRUE(parser.push_text("\n ").empty());
  EXPECT_EQ(joined(parser.push_text("Hi \n")), "\n#0 Hi");
  EXPECT_EQ(joined(parser.push_text("there")), "\n#0  \nthere");
  EXPECT_TRUE(parser.push_text(" <tu").empty());
  EXPECT_EQ(joined(parser.push_text("x")), "\n#0  <tux");
  EXPECT_EQ(joined(parser.push_text("\n<turn|>ignored")), "\n#4 <turn|>");
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(parser.finish().empty());
}

TEST(ReplyParser, Thoughts) {
  EXPECT_EQ(parsed("Need more.\n<channel|>Done<turn|>", {.starts_in_thought = true}),
            parsed("<|channel>thought\nNeed more.\n<channel|>Done<turn|>"));
  EXPECT_EQ(parsed("<|channel>thought\nsecret<channel|>A<turn|>", {.keep_thinking = false}), parsed("A<turn|>"));
  // Cut off inside the thought; a call ends a thought that was never closed; a closer may lack its newline.
  EXPECT_EQ(parse_reply("<|channel>thought\nabc \n").thinking, "abc");
  EXPECT_EQ(parsed("<|channel>thought\nLook.<|tool_call>call:f{}<tool_call|><eos>"),
            parsed("<|channel>thought\nLook.\n<channel|><|tool_call>call:f{}<tool_call|><eos>"));
  // Another channel's text is thought too; a header that is no name is not lost.
  EXPECT_EQ(parse_reply("<|channel>analysis\nabc<channel|>d").thinking, "abc");
  EXPECT_EQ(parse_reply("<|channel>The user asks\nabc<channel|>d").thinking, "The user asks\nabc");
  EXPECT_EQ(parse_reply("<|channel><channel|>d").content, "d");
  EXPECT_EQ(parse_reply("<|channel>thought<channel|>d").content, "d");
}

TEST(ReplyParser, CallsThatEndWithoutTheirCloser) {
  EXPECT_EQ(parsed("<|tool_call>call:f{a:1}<|tool_response>"),
            parsed("<|tool_call>call:f{a:1}<tool_call|><|tool_response>"));
  EXPECT_EQ(parsed("<|tool_call>call:f{a:1}<|tool_call>call:g{}<tool_call|><eos>"),
            parsed("<|tool_call>call:f{a:1}<tool_call|><|tool_call>call:g{}<tool_call|><eos>"));
  EXPECT_EQ(parsed("<|tool_call>call:f{a:{b:[1"), parsed("<|tool_call>call:f{a:{b:[1]}}<tool_call|>"));
  const std::string closed = "<|tool_call>call:f{a:<|\"|>x y<|\"|>}<tool_call|><turn|>";
  for (const char* open :
       {"<|tool_call>call:f{a:<|\"|>x y}<tool_call|><turn|>", "<|tool_call>call:f{a:<|\"|>x y<turn|>",
        "<|tool_call>call:f{a:<|\"|>x y}<turn|>", "<|tool_call>call:f{a:x y<|\"|>}<tool_call|><turn|>"}) {
    EXPECT_EQ(parsed(open), parsed(closed)) << open;
  }
  // A closer inside a string is text.
  EXPECT_EQ(arguments("a:<|\"|>x<tool_call|>y<|\"|>"), R"({"a":"x<tool_call|>y"})");
}

TEST(ReplyParser, MalformedCallsAreReported) {
  for (const char* raw :
       {"<|tool_call>{a:1}<tool_call|>", "<|tool_call>call:f{a:1 b}:<tool_call|>", "<|tool_call><tool_call|>",
        "<|tool_call>call:f{a}<tool_call|>", "<|tool_call>call:f{a:1}x<tool_call|>"}) {
    const Reply reply = parse_reply(raw);
    EXPECT_EQ(reply.malformed_calls.size(), 1u) << raw;
    EXPECT_TRUE(reply.tool_calls.empty()) << raw;
  }
  std::string deep = "a:";
  for (int i = 0; i < 100'000; ++i) deep += i % 2 == 0 ? "[" : "{b:";
  EXPECT_EQ(arguments(deep), "malformed");
}

TEST(ReplyParser, LiberalArguments) {
  EXPECT_EQ(arguments(R"( a : 1 , b = "x, y" , 'c':'it''s', "d":["p",'q'], e:None, f:True ,)"),
            R"({"a":1,"b":"x, y","c":"it''s","d":["p","q"],"e":null,"f":true})");
  EXPECT_EQ(arguments(R"(a:"say \"hi\" \u00e9\ud83d\ude00\n")"), R"({"a":"say \"hi\" é😀\n"})");
  EXPECT_EQ(arguments("a:02134,b:-1.5e3,c:12345678901234567890123,d:1.,e:http://x/y?z"),
            R"({"a":"02134","b":-1500.0,"c":12345678901234567890123,"d":"1.","e":"http://x/y?z"})");
  EXPECT_EQ(arguments("a:<|\"|>5<|\"|>,<|\"|>k:{}<|\"|>:<|\"|><|\"|>"), R"({"a":"5","k:{}":""})");
  const Reply reply = parse_reply("<|tool_call>call:get-weather.v2(city=<|\"|>Paris<|\"|>)<tool_call|>");
  ASSERT_EQ(reply.tool_calls.size(), 1u);
  EXPECT_EQ(reply.tool_calls[0].name, "get-weather.v2");
  EXPECT_EQ(dump_json(*reply.tool_calls[0].arguments), R"({"city":"Paris"})");
}

TEST(ReplyParser, TypesOfTheDeclaration) {
  const Result<Json> tool = parse_json(R"({"function":{"name":"f","parameters":{"type":"object","properties":{
      "n":{"type":"integer"},"s":{"type":"string"},"b":{"type":"BOOLEAN"},
      "l":{"type":"array","items":{"type":"number"}},"o":{"type":"object","properties":{"n":{"type":"number"}}}}}}})");
  ReplyOptions options;
  options.tools.push_back(std::make_shared<const Json>(*tool));
  EXPECT_EQ(
      arguments("n:<|\"|>5<|\"|>,s:5,b:<|\"|>true<|\"|>,l:[<|\"|>1.5<|\"|>,x],o:{n:<|\"|>7<|\"|>},z:<|\"|>5<|\"|>",
                options),
      R"({"n":5,"s":"5","b":true,"l":[1.5,"x"],"o":{"n":7},"z":"5"})");
  EXPECT_EQ(arguments("n:<|\"|>five<|\"|>,s:null", options), R"({"n":"five","s":null})");
}

}  // namespace
}  // namespace carat::chat
