#include "chat/prompt.h"

#include <algorithm>
#include <utility>

#include "base/bad_alloc.h"

namespace carat::chat {

std::string_view to_string(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::kControl:
      return "control";
    case SegmentKind::kText:
      return "text";
    case SegmentKind::kImage:
      return "image";
    case SegmentKind::kAudio:
      return "audio";
    case SegmentKind::kVideo:
      return "video";
  }
  return "";
}

PromptBuilder& PromptBuilder::control(std::string_view token) {
  segments_.push_back({SegmentKind::kControl, std::string(token)});
  return *this;
}

PromptBuilder& PromptBuilder::text(std::string_view text) {
  if (text.empty()) return *this;
  if (segments_.empty() || segments_.back().kind != SegmentKind::kText) segments_.push_back({SegmentKind::kText, {}});
  segments_.back().text += text;
  return *this;
}

PromptBuilder& PromptBuilder::media(SegmentKind kind, std::string_view placeholder, std::size_t message,
                                    std::size_t part) {
  segments_.push_back({kind, std::string(placeholder), message, part});
  return *this;
}

PromptBuilder& PromptBuilder::append(std::vector<Segment> segments) {
  for (Segment& segment : segments) {
    if (segment.kind == SegmentKind::kText) {
      text(segment.text);
    } else {
      segments_.push_back(std::move(segment));
    }
  }
  return *this;
}

std::string to_string(const Prompt& prompt) {
  std::string out;
  for (const Segment& segment : prompt.segments) out += segment.text;
  return out;
}

Result<std::vector<tokenizer::TokenId>> encode(const Prompt& prompt, const tokenizer::Tokenizer& tokenizer) {
  return no_bad_alloc([&]() -> Result<std::vector<tokenizer::TokenId>> {
    std::vector<tokenizer::TokenId> ids;
    for (const Segment& segment : prompt.segments) {
      if (segment.kind != SegmentKind::kText) {
        const auto id = tokenizer.control_id(segment.text);
        if (!id) {
          return unsupported("chat: the vocabulary has no control token " + segment.text +
                             ", which this chat format writes; choose the format that belongs to the model");
        }
        ids.push_back(*id);
        continue;
      }
      const std::vector<tokenizer::TokenId> piece = tokenizer.encode(segment.text);
      if (std::any_of(piece.begin(), piece.end(), [&](auto id) { return tokenizer.is_control(id); })) {
        return internal_error("chat: plain text became a control token; nothing was sent to the model");
      }
      ids.insert(ids.end(), piece.begin(), piece.end());
    }
    return ids;
  });
}

}  // namespace carat::chat
