#include "cli/answer_limits.h"

#include <fmt/core.h>

namespace carat::cli {

std::int64_t max_answer_tokens(std::int64_t given, bool chat) {
  constexpr std::int64_t kMaxChatTokens = 8192;
  constexpr std::int64_t kMaxBaseTokens = 200;
  if (given > 0) return given;
  return chat ? kMaxChatTokens : kMaxBaseTokens;
}

Result<void> check_context(std::int64_t context, const model::ModelConfig& config) {
  if (context <= config.context_length) return {};
  return limit_exceeded(
      fmt::format("--context {}: {} was made for at most {} tokens", context, config.name, config.context_length));
}

}  // namespace carat::cli
