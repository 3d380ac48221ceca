#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/position_score.h"
#include "tokenizer/tokenizer.h"

namespace carat::cli {

/// A position at which a model and its reference differ much, in words.
struct WorstPosition {
  std::int64_t position = 0;  ///< of the token that came, in its sequence; <bos> is 0
  eval::PositionScore score;
  std::string before;  ///< the end of the text before it
  std::string token, top, reference_top;
};

/// The n positions with the largest KL, the largest first (the earlier one among equals). `scores` are those of
/// eval::evaluate for `sequences`.
std::vector<WorstPosition> worst_positions(std::span<const std::vector<tokenizer::TokenId>> sequences,
                                           std::span<const eval::PositionScore> scores, std::size_t n,
                                           const tokenizer::Tokenizer& tokenizer);

}  // namespace carat::cli
