#include "runtime/stop.h"

#include <algorithm>
#include <utility>

namespace carat::runtime {

std::string_view finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStopToken:
      return "stop token";
    case FinishReason::kSink:
      return "stopped by the receiver";
    case FinishReason::kMaxTokens:
      return "token limit";
    case FinishReason::kContextFull:
      return "context full";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kError:
      return "error";
  }
  return "unknown";
}

Result<StopStrings> StopStrings::create(std::vector<std::string> strings) {
  for (const std::string& s : strings) {
    if (s.empty()) return invalid_argument("a stop string is empty; leave it out or give it some text");
  }
  return StopStrings(std::move(strings));
}

std::string StopStrings::push(std::string_view piece) {
  std::string shown;
  for (const char c : piece) {
    if (stopped()) break;
    held_ += c;
    for (const std::string& s : strings_) {
      if (held_.ends_with(s) && s.size() > matched_.size()) matched_ = s;
    }
    if (stopped()) {
      shown.append(held_, 0, held_.size() - matched_.size());
      held_.clear();
      break;
    }
    const auto begins_one = [&](std::size_t from) {
      const std::string_view rest = std::string_view(held_).substr(from);
      return std::any_of(strings_.begin(), strings_.end(), [&](const std::string& s) { return s.starts_with(rest); });
    };
    std::size_t from = 0;
    while (from < held_.size() && !begins_one(from)) ++from;
    shown.append(held_, 0, from);
    held_.erase(0, from);
  }
  return shown;
}

std::string StopStrings::finish() { return std::exchange(held_, {}); }

}  // namespace carat::runtime
