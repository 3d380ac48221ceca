#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tokenizer/vocabulary.h"

namespace carat::runtime {

/// How the next token is chosen. The defaults draw from the model's own distribution; all steps in sampler.h.
struct SamplingParams {
  double temperature = 1;         ///< logits are divided by it; 0 = always the largest logit
  std::int64_t top_k = 0;         ///< keep the k largest logits; 0 = all
  double top_p = 1;               ///< keep the fewest tokens whose probabilities reach it
  double min_p = 0;               ///< keep tokens at least this likely, relative to the likeliest
  double repetition_penalty = 1;  ///< logits of tokens already in prompt or answer: l > 0 ? l / p : l * p
  double presence_penalty = 0;    ///< subtracted once from tokens already in the answer
  double frequency_penalty = 0;   ///< subtracted for every occurrence in the answer
  std::vector<std::pair<tokenizer::TokenId, float>> logit_bias;  ///< added to the logit
  std::uint64_t seed = 0;
  std::uint32_t choice = 0;  ///< number of the answer when several are drawn for one prompt and seed
};

/// Errors: kInvalidArgument naming the parameter, its value and its range.
Result<void> validate(const SamplingParams& params, std::int64_t vocab_size);

}  // namespace carat::runtime
