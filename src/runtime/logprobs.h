#pragma once

#include <span>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace carat::runtime {

struct TokenLogprob {
  tokenizer::TokenId id;
  double logprob;
};

/// What a model thought of one token: its log-probability, and the likeliest tokens at its place.
struct Logprobs {
  double logprob = 0;
  std::vector<TokenLogprob> top;  ///< likeliest first, equal ones by lower id
};

/// log softmax(logits)[i] = (l_i - l_max) - log(sum_j exp(l_j - l_max)), of the model's logits (after its softcap),
/// before suppression, bias, penalties and temperature. In double, the sum in ascending id order.
/// REQUIRES: finite logits, 0 <= token < logits.size(), n_top >= 0.
Logprobs logprobs_of(std::span<const float> logits, tokenizer::TokenId token, int n_top);

}  // namespace carat::runtime
