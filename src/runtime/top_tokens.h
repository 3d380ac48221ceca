#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace carat::runtime {

struct TokenLogit {
  tokenizer::TokenId id;
  float logit;
  bool operator==(const TokenLogit&) const = default;
};

/// The k tokens with the largest logits, largest first, equal logits by ascending id; -infinity never. k = 0: all.
/// Small k costs about one pass over the logits, k = 0 a radix sort. REQUIRES: no NaN.
void top_tokens(std::span<const float> logits, std::int64_t k, std::vector<TokenLogit>& out);

/// The token with the largest logit, the lowest id among equals; -1 when all are -infinity. REQUIRES: no NaN.
tokenizer::TokenId argmax(std::span<const float> logits);

}  // namespace carat::runtime
