#pragma once

#include <span>

#include "tokenizer/vocabulary.h"

namespace carat::eval {

/// What a model thought of the token that came at one position, and how far its distribution is from a reference's.
struct PositionScore {
  double nll = 0;                        ///< -log q(next), in nats, q the model's distribution
  double reference_nll = 0;              ///< -log p(next), p the reference's
  double kl = 0;                         ///< KL(p || q), in nats, never below zero
  tokenizer::TokenId top = 0;            ///< the model's likeliest token, the lowest id among equals
  tokenizer::TokenId reference_top = 0;  ///< the reference's

  bool same_top() const { return top == reference_top; }
};

/// nll = log(sum_i exp(l_i - l_max)) - (l_next - l_max), and top; the fields of a reference stay zero.
///
/// logits [vocab]. All arithmetic in double, sums in ascending id order. A logit that is NaN or infinite can only give
/// an nll that is not finite, or a likelihood that is right (-infinity = a token that cannot come).
/// REQUIRES: 0 <= next < logits.size().
PositionScore score(std::span<const float> logits, tokenizer::TokenId next);

/// The same with a reference: KL(p || q) = sum_i p_i (log p_i - log q_i), p and q the softmax of `reference` and
/// `logits`, both [vocab]. Not finite when a logit of either is not. REQUIRES: equal sizes, `next` in them.
PositionScore compare(std::span<const float> logits, std::span<const float> reference, tokenizer::TokenId next);

}  // namespace carat::eval
