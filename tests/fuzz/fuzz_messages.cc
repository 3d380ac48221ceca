// Any bytes as a chat request, from JSON to ids: what is rendered holds the control tokens that the template wrote, at
// their places, and no other, whatever the fields say.
#include <algorithm>
#include <string>
#include <vector>

#include "chat/prompt.h"
#include "chat/render.h"
#include "chat/request_json.h"
#include "fuzz/target.h"
#include "fuzz/test_vocabulary.h"
#include "tokenizer/control_tokens.h"

namespace carat::fuzz {
namespace {

using chat::Prompt;
using chat::Segment;
using chat::SegmentKind;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

void check_segments(const Prompt& prompt) {
  SegmentKind previous = SegmentKind::kControl;
  for (const Segment& segment : prompt.segments) {
    CARAT_CHECK(!segment.text.empty());
    CARAT_CHECK(is_valid_utf8(segment.text));
    if (segment.kind == SegmentKind::kText) {
      CARAT_CHECK(previous != SegmentKind::kText);
    } else {
      CARAT_CHECK(tokenizer::control::is_control_text(segment.text));
    }
    previous = segment.kind;
  }
}

// Ids against segments: between two control ids lies exactly the text of the segment there.
void check_ids(const Prompt& prompt, const std::vector<TokenId>& ids, const Tokenizer& tokenizer) {
  auto at = ids.begin();
  for (const Segment& segment : prompt.segments) {
    if (segment.kind != SegmentKind::kText) {
      CARAT_CHECK(at != ids.end() && *at == tokenizer.control_id(segment.text));
      ++at;
      continue;
    }
    const auto end = std::find_if(at, ids.end(), [&](TokenId id) { return tokenizer.is_control(id); });
    CARAT_CHECK(std::vector<TokenId>(at, end) == tokenizer.encode(segment.text));
    at = end;
  }
  CARAT_CHECK(at == ids.end());
}

void check(std::string_view json, const Tokenizer& tokenizer) {
  const auto request = chat::parse_request(json);
  if (!request) return check_refusal(request.error());
  for (const auto format :
       {chat::ChatFormat::kGemma4Small, chat::ChatFormat::kGemma4Large, chat::ChatFormat::kGemma3}) {
    const auto prompt = chat::render(format, *request);
    if (!prompt) {
      check_refusal(prompt.error());
      continue;
    }
    check_segments(*prompt);
    CARAT_CHECK(chat::to_string(*prompt).size() <= 32 * json.size() + 4096);
    const auto ids = chat::encode(*prompt, tokenizer);
    CARAT_CHECK(ids);  // the vocabulary has every control string
    check_ids(*prompt, *ids, tokenizer);
  }
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const carat::tokenizer::Tokenizer tokenizer = carat::fuzz::test_tokenizer();
  carat::fuzz::check(carat::fuzz::as_text(data, size), tokenizer);
  return 0;
}
