#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace carat::model {

/// One position of one sequence, to be computed in a step. A step may hold prompt chunks and single rows of many
/// sequences; rows of one sequence come in ascending position, starting where its K/V ends.
struct Row {
  std::int32_t sequence = 0;              ///< index into the step's KvView
  std::int64_t position = 0;              ///< token index in its sequence, 0, 1, 2, ...
  tokenizer::TokenId token = 0;           ///< ignored when soft_embedding is set
  const float* soft_embedding = nullptr;  ///< [d_model], unscaled; its per-layer embedding is looked up as <pad>
  std::int32_t block = -1;                ///< rows of one block >= 0 see each other where the config says so; a
                                          ///< block must lie wholly in one step
  bool wants_logits = false;
  bool wants_hidden = false;  ///< after the final norm
};

/// What a step leaves for the rows that asked, in row order.
struct StepOutput {
  std::vector<float> logits;  ///< [rows with wants_logits, vocab_size], softcapped, before suppression
  std::vector<float> hidden;  ///< [rows with wants_hidden, d_model]
};

}  // namespace carat::model
