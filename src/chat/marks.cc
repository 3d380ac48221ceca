#include "chat/marks.h"

#include <algorithm>

#include "tokenizer/control_tokens.h"

namespace carat::chat {
namespace {

namespace control = tokenizer::control;

constexpr MarkText kMarks[] = {
    {control::kChannelOpen, Mark::kChannelOpen},
    {control::kChannelClose, Mark::kChannelClose},
    {control::kToolCallOpen, Mark::kCallOpen},
    {control::kToolCallClose, Mark::kCallClose},
    {control::kToolResponseOpen, Mark::kResponseOpen},
    {control::kToolResponseClose, Mark::kResponseClose},
    {control::kQuote, Mark::kQuote},
    {control::kTurnClose, Mark::kTurnClose},
    {control::kEndOfTurn, Mark::kTurnClose},
    {control::kEos, Mark::kEos},
};

constexpr std::size_t longest_control_text() {
  std::size_t longest = 0;
  for (const std::string_view text : control::kAll) longest = std::max(longest, text.size());
  return longest;
}

/// The control string that `text` begins with. None is the beginning of another.
std::optional<std::string_view> control_at(std::string_view text) {
  for (const std::string_view candidate : control::kAll) {
    if (text.starts_with(candidate)) return candidate;
  }
  return std::nullopt;
}

bool may_become_control(std::string_view text) {
  return text.size() < longest_control_text() &&
         std::any_of(control::kAll.begin(), control::kAll.end(),
                     [&](std::string_view candidate) { return candidate.starts_with(text); });
}

}  // namespace

Mark mark_of(std::string_view control_text) {
  for (const MarkText& known : kMarks) {
    if (known.text == control_text) return known.mark;
  }
  return Mark::kOther;
}

MarkIds::MarkIds(const tokenizer::Tokenizer& tokenizer) {
  for (const std::string_view text : control::kAll) {
    if (const auto id = tokenizer.control_id(text)) entries_.push_back({*id, {text, mark_of(text)}});
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
}

std::optional<MarkText> MarkIds::find(tokenizer::TokenId id) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), id,
                                   [](const Entry& entry, tokenizer::TokenId value) { return entry.id < value; });
  if (at == entries_.end() || at->id != id) return std::nullopt;
  return at->mark;
}

std::vector<MarkScanner::Piece> MarkScanner::push(std::string_view text) {
  std::vector<Piece> pieces;
  const auto plain = [&](std::string_view piece) {
    if (piece.empty()) return;
    if (pieces.empty() || pieces.back().mark) pieces.push_back({});
    pieces.back().text += piece;
  };
  const std::string all = std::exchange(held_, {}) + std::string(text);
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t open = std::min(rest.find('<'), rest.size());  // every control string begins with it
    plain(rest.substr(0, open));
    rest.remove_prefix(open);
    if (rest.empty()) break;
    if (const auto found = control_at(rest)) {
      pieces.push_back({std::string(*found), mark_of(*found)});
      rest.remove_prefix(found->size());
    } else if (may_become_control(rest)) {
      held_ = rest;
      break;
    } else {
      plain(rest.substr(0, 1));
      rest.remove_prefix(1);
    }
  }
  return pieces;
}

std::vector<MarkScanner::Piece> MarkScanner::flush() {
  if (held_.empty()) return {};
  return {{std::exchange(held_, {}), std::nullopt}};
}

}  // namespace carat::chat
