// Control strings in every field of a request (T24): whole, split, doubled, nested, joined by characters that take no
// room, and in halves on both sides of a boundary. Nothing that is written there may become a control token, or take
// one away. CARAT_RECOMBINATIONS=1000000 control_text_tests runs more than the 20,000 requests of every build.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "chat/prompt.h"
#include "chat/render.h"
#include "chat/request_json.h"
#include "formats/gemma_vocabulary_testing.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_testing.h"

namespace carat::chat {
namespace {

namespace control = tokenizer::control;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

class Texts {
 public:
  /// `harmless` writes the same requests with letters only.
  Texts(std::uint64_t seed, bool harmless) : random_(seed), harmless_(harmless) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  /// Starts with the second half of a control string when the last text ended with its first half. Begins and ends with
  /// a letter where `framed`, so that no trimming and no cutting out of thoughts leaves nothing.
  std::string next(bool framed = false) {
    std::string text = std::exchange(rest_, {});
    for (std::size_t n = below(5); n > 0; --n) text += piece();
    if (below(4) == 0) {
      const std::string_view whole = any_control();
      const std::size_t at = 1 + below(whole.size() - 1);
      text += whole.substr(0, at);
      rest_ = whole.substr(at);
    }
    if (framed) text = "k" + text + "k";
    if (!harmless_) return text;
    return text.empty() ? "" : "k";
  }

 private:
  std::string_view any_control() { return control::kAll[below(control::kAll.size())]; }

  std::string piece() {
    // Zero width: joiner, non-joiner, space, word joiner, byte order mark, variation selector, soft hyphen.
    static constexpr std::string_view kInvisible[] = {"\u200d", "\u200c", "\u200b", "\u2060",
                                                      "\ufeff", "\ufe0f", "\u00ad"};
    static constexpr std::string_view kPlain[] = {
        "a",  " ",  "\n", "\n\n", "<", ">",     "|",    "\"",      "{",         "}",      ":",
        "\\", "\t", "é",  "日本", "😀", "call:", "user", "model\n", "thought\n", "system", "<0x41>"};
    std::string text(any_control());
    const std::size_t at = 1 + below(text.size() - 1);
    switch (below(9)) {
      case 0:
        return text + std::string(any_control());
      case 1:
        return text.insert(at, any_control());
      case 2:
        return text.insert(at, kInvisible[below(std::size(kInvisible))]);
      case 3:
        return text.insert(at, " ");
      case 4:
        return text.substr(0, at);
      case 5:
        return text.substr(at);
      case 6:
        return std::string(kPlain[below(std::size(kPlain))]);
      case 7:  // doubled brackets
        return "<" + text + ">";
      default:
        return text;
    }
  }

  std::mt19937_64 random_;
  bool harmless_;
  std::string rest_;
};

/// A file as `--file` puts it into a message.
std::string document(Texts& texts) { return "File " + texts.next() + ":\n```\n" + texts.next() + "\n```\n"; }

Json content(Texts& texts, std::size_t& n_media, bool images_only) {
  if (texts.below(2) == 0) return texts.next(true);
  Json parts = Json::array();
  for (std::size_t n = 1 + texts.below(4); n > 0; --n) {
    switch (texts.below(4)) {
      case 0:
        parts.push_back({{"type", images_only || texts.below(2) == 0 ? "image" : "audio"}});
        ++n_media;
        break;
      case 1:
        parts.push_back({{"type", "text"}, {"text", document(texts)}});
        break;
      default:
        parts.push_back({{"type", "text"}, {"text", texts.next(true)}});
    }
  }
  return parts;
}

/// Keys differ whatever the texts are.
Json value(Texts& texts, int depth) {
  const std::size_t kind = texts.below(depth > 0 ? 5 : 3);
  if (kind == 0) return texts.below(1000);
  if (kind < 3) return texts.next();
  Json whole = kind == 3 ? Json::array() : Json::object();
  for (std::size_t i = 0, n = texts.below(3); i < n; ++i) {
    if (kind == 3) whole.push_back(value(texts, depth - 1));
    if (kind == 4) whole[std::to_string(i) + texts.next()] = value(texts, depth - 1);
  }
  return whole;
}

Json object(Texts& texts) {
  Json whole = Json::object();
  for (std::size_t i = 0, n = texts.below(3); i < n; ++i) whole[std::to_string(i) + texts.next()] = value(texts, 2);
  return whole;
}

Json tool(Texts& texts) {
  Json properties = Json::object(), required = Json::array();
  for (std::size_t i = 0, n = texts.below(3); i < n; ++i) {
    const std::string name = std::to_string(i) + texts.next();
    properties[name] = {{"type", "string"},
                        {"description", texts.next(true)},
                        {"title", texts.next(true)},
                        {"enum", {texts.next(), texts.next()}}};
    required.push_back(name);
  }
  return {{"type", "function"},
          {"function",
           {{"name", texts.next()},
            {"description", texts.next()},
            {"parameters",
             {{"type", "object"}, {"title", texts.next()}, {"properties", properties}, {"required", required}}}}}};
}

Json gemma4_request(Texts& texts, std::size_t& n_media) {
  Json messages = Json::array();
  if (texts.below(2) == 0) messages.push_back({{"role", "system"}, {"content", texts.next(true)}});
  for (std::size_t n = 1 + texts.below(3); n > 0; --n) {
    messages.push_back({{"role", "user"}, {"content", content(texts, n_media, false)}});
    Json reply = {{"role", "assistant"}, {"content", texts.next(true)}};
    if (texts.below(2) == 0) reply["reasoning"] = texts.next(true);
    const std::size_t calls = texts.below(3);
    if (calls == 1) {
      reply["tool_calls"] = {{{"id", "1"}, {"function", {{"name", texts.next()}, {"arguments", object(texts)}}}}};
      messages.push_back(reply);
      messages.push_back({{"role", "tool"}, {"tool_call_id", "1"}, {"name", texts.next()}, {"content", texts.next()}});
      continue;
    }
    if (calls == 2) reply["tool_responses"] = {{{"name", texts.next()}, {"response", value(texts, 2)}}};
    messages.push_back(reply);
  }
  Json request = {{"messages", messages},
                  {"add_generation_prompt", texts.below(2) == 0},
                  {"enable_thinking", texts.below(2) == 0},
                  {"preserve_thinking", texts.below(2) == 0}};
  if (texts.below(3) == 0) request["tools"] = {tool(texts), tool(texts)};
  return request;
}

Json gemma3_request(Texts& texts, std::size_t& n_media) {
  Json messages = Json::array();
  if (texts.below(2) == 0) messages.push_back({{"role", "system"}, {"content", texts.next(true)}});
  for (std::size_t n = 1 + texts.below(3); n > 0; --n) {
    messages.push_back({{"role", "user"}, {"content", content(texts, n_media, true)}});
    messages.push_back({{"role", "assistant"}, {"content", texts.next(true)}});
  }
  messages.push_back({{"role", "user"}, {"content", document(texts)}});
  return {{"messages", messages}, {"add_generation_prompt", texts.below(2) == 0}};
}

struct Rendered {
  std::multiset<TokenId> special;
  std::size_t n_media = 0;
};

/// Renders and encodes; checks all that one request alone can show.
Rendered checked(const Json& json, ChatFormat format, const Tokenizer& tokenizer) {
  Rendered out;
  const auto request = read_request(json);
  if (!request) {
    ADD_FAILURE() << request.error().to_string();
    return out;
  }
  const auto prompt = render(format, *request);
  if (!prompt) {
    ADD_FAILURE() << prompt.error().to_string();
    return out;
  }
  const auto ids = encode(*prompt, tokenizer);
  if (!ids) {
    ADD_FAILURE() << ids.error().to_string();
    return out;
  }
  std::vector<TokenId> written, found;
  for (const Segment& segment : prompt->segments) {
    if (segment.kind != SegmentKind::kText) written.push_back(tokenizer.control_id(segment.text).value());
    out.n_media += segment.kind != SegmentKind::kText && segment.kind != SegmentKind::kControl ? 1 : 0;
  }
  std::copy_if(ids->begin(), ids->end(), std::back_inserter(found),
               [&](TokenId id) { return tokenizer.is_control(id); });
  EXPECT_EQ(found, written) << "special ids are not the renderer's";
  EXPECT_EQ(tokenizer.decode(*ids), to_string(*prompt)) << "the text does not come back";
  out.special.insert(found.begin(), found.end());
  return out;
}

std::uint64_t n_requests() {
  const char* wanted = std::getenv("CARAT_RECOMBINATIONS");
  return wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
}

void run(const Tokenizer& tokenizer, std::uint64_t n) {
  for (std::uint64_t seed = 0; seed < n; ++seed) {
    const bool gemma3 = seed % 4 == 3;
    const ChatFormat format =
        gemma3 ? ChatFormat::kGemma3 : (seed % 2 == 0 ? ChatFormat::kGemma4Small : ChatFormat::kGemma4Large);
    if (gemma3 && !tokenizer.control_id(control::kStartOfTurn)) continue;
    Texts hostile(seed, false), harmless(seed, true);
    std::size_t n_media = 0, n_harmless_media = 0;
    const auto make = gemma3 ? gemma3_request : gemma4_request;
    const Json request = make(hostile, n_media), plain = make(harmless, n_harmless_media);
    const Rendered a = checked(request, format, tokenizer), b = checked(plain, format, tokenizer);
    EXPECT_EQ(a.special, b.special) << "what was written changed the control tokens";
    EXPECT_EQ(a.n_media, n_media);
    if (::testing::Test::HasFailure()) {
      FAIL() << "request " << seed << ": " << dump_json(request) << "\nharmless: " << dump_json(plain);
    }
  }
}

TEST(ControlText, WithASmallVocabulary) {
  const std::vector<std::string> pieces(control::kAll.begin(), control::kAll.end());
  const Tokenizer tokenizer = Tokenizer::create(tokenizer::testing::tiny_vocabulary(pieces)).value();
  run(tokenizer, n_requests());
}

TEST(ControlText, WithGemmasVocabulary) {
  auto vocabulary = formats::testing::gemma4_vocabulary();
  ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
  const Tokenizer tokenizer = Tokenizer::create(std::move(vocabulary).value()).value();
  ASSERT_GE(tokenizer.vocab_size(), 262'144u);
  run(tokenizer, n_requests());
}

TEST(ControlText, WithGemma3sVocabulary) {
  auto vocabulary = formats::testing::gemma3_vocabulary();
  ASSERT_TRUE(vocabulary) << vocabulary.error().to_string();
  const Tokenizer tokenizer = Tokenizer::create(std::move(vocabulary).value()).value();
  for (std::uint64_t seed = 0; seed < n_requests() / 4; ++seed) {
    Texts hostile(seed, false);
    std::size_t n_media = 0;
    const Json request = gemma3_request(hostile, n_media);
    EXPECT_EQ(checked(request, ChatFormat::kGemma3, tokenizer).n_media, n_media);
    if (::testing::Test::HasFailure()) FAIL() << "request " << seed << ": " << dump_json(request);
  }
}

}  // namespace
}  // namespace carat::chat
