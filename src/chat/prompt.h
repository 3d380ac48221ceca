#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace carat::chat {

enum class SegmentKind {
  kControl,  ///< exactly one control string, written by the template
  kText,     ///< everything else, whoever wrote it: never a control id
  kImage,    ///< a placeholder, written by the template; the engine expands it
  kAudio,
  kVideo,
};

/// "control", "text", "image", "audio", "video".
std::string_view to_string(SegmentKind kind);

struct Segment {
  SegmentKind kind = SegmentKind::kText;
  std::string text;
  std::size_t message = 0, part = 0;  ///< of a placeholder: where in the request it stands
};

/// A rendered prompt. User text can never become a control token: only kControl and media segments may give special
/// ids, and only templates write those. Neighbouring text of any origin is one segment, since ordinary merges reach
/// across (spec/tokenizer-and-chat.md 2.9); so no two text segments stand side by side.
struct Prompt {
  std::vector<Segment> segments;
  bool ends_in_thought = false;  ///< the reply starts inside an open thought channel
};

/// Writes segments in order, text joined to text.
class PromptBuilder {
 public:
  /// REQUIRES: `token` is one whole control string of the format, a literal of the template.
  PromptBuilder& control(std::string_view token);
  PromptBuilder& text(std::string_view text);
  PromptBuilder& media(SegmentKind kind, std::string_view placeholder, std::size_t message, std::size_t part);
  PromptBuilder& append(std::vector<Segment> segments);

  const std::vector<Segment>& segments() const { return segments_; }
  std::vector<Segment> take() && { return std::move(segments_); }

 private:
  std::vector<Segment> segments_;
};

/// Exactly the string the official template gives. For people: tokenising it again with control strings matched would
/// let user text forge turns.
std::string to_string(const Prompt& prompt);

/// The ids, placeholders not expanded. Equal to those of the string route whenever the data holds no control string.
/// Errors: kUnsupported if the vocabulary lacks a control token of the format; kInternal if plain text gave a control
/// id.
Result<std::vector<tokenizer::TokenId>> encode(const Prompt& prompt, const tokenizer::Tokenizer& tokenizer);

}  // namespace carat::chat
