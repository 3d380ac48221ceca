#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/result.h"
#include "eval/position_score.h"
#include "tokenizer/vocabulary.h"

namespace carat::quality {

/// How far `fast` with K/V f16 is from `exact` with K/V f32 on the same file, over one sequence of ids: a score for
/// each id but the first.
Result<std::vector<eval::PositionScore>> divergence_of_fast(const std::filesystem::path& model,
                                                            std::span<const tokenizer::TokenId> ids);

/// The same of logits that another program computed from the file (`bench/peers/peer_logits.cc`, or any file that
/// `carat eval --against` reads). Errors: those of SavedLogits::open; kInvalidArgument unless its ids are `ids`.
Result<std::vector<eval::PositionScore>> divergence_of_saved(const std::filesystem::path& model,
                                                             std::span<const tokenizer::TokenId> ids,
                                                             const std::filesystem::path& saved);

}  // namespace carat::quality
