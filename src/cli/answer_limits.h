#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/config.h"

namespace carat::cli {

/// Most tokens of an answer: --max-tokens, or where it is not `given` (0) 8192 of a chat model, which ends by itself,
/// and 200 of a base model, which talks on.
std::int64_t max_answer_tokens(std::int64_t given, bool chat);

/// Errors: kLimit when --context is more than the model was made for.
Result<void> check_context(std::int64_t context, const model::ModelConfig& config);

}  // namespace carat::cli
