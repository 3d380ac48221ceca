#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "runtime/sampling_params.h"
#include "runtime/top_tokens.h"

namespace carat::runtime {

/// A token that may be drawn, with its probability.
struct WarpedToken {
  tokenizer::TokenId id;
  double probability;
};

/// Chooses the tokens of one answer. The order of the steps is fixed (design, "Sampling order"):
///
///   1. suppressed ids become -infinity              2. logit bias is added                         (f32)
///   3. repetition, presence, frequency penalties    (4. a grammar's mask will go here)             (f32)
///   5. temperature: w_i = exp((l_i - l_max) / T)    candidates sorted by logit, ties by lower id   (double from here)
///   6. top-k: the first k                           7. top-p: i stays while sum_{j<i} w_j < top_p * sum_j w_j
///   8. min-p: i stays while w_i >= min_p            9. draw: the first i with sum_{j<=i} w_j > u * sum_j w_j
///
/// Sums run in candidate order; exp is carat's own; u = uniform_at(seed, choice, position). So a token depends on the
/// logits and on its place alone: not on batch, thread count, drafting or machine. Temperature 0 is the argmax after 4.
class Sampler {
 public:
  /// REQUIRES: validate(params) passed; suppressed ids lie in the vocabulary.
  Sampler(SamplingParams params, std::vector<tokenizer::TokenId> suppressed_ids);

  const SamplingParams& params() const { return params_; }

  /// Tells the penalties about a token of the prompt, or one of the answer (also one that this sampler chose).
  void add_prompt_token(tokenizer::TokenId id);
  void add_answer_token(tokenizer::TokenId id);

  /// The token at `position` (index of the new token in its sequence), from the logits of the row before it.
  /// Errors: kInternal when a logit is not finite; kInvalidArgument when nothing is left to choose from.
  Result<tokenizer::TokenId> sample(std::span<const float> logits, std::int64_t position);

  /// The distribution that `sample` draws from (temperature > 0), likeliest first: what tests and goldens compare.
  Result<std::vector<WarpedToken>> warped(std::span<const float> logits);

 private:
  struct Seen {
    bool any = false;  ///< in prompt or answer
    std::int64_t in_answer = 0;
  };

  bool uses_history() const;
  Result<std::span<const float>> adjust(std::span<const float> logits);
  void penalise();
  void warp(std::span<const float> logits);

  SamplingParams params_;
  std::vector<tokenizer::TokenId> suppressed_ids_;
  std::unordered_map<tokenizer::TokenId, Seen> seen_;  ///< each entry touches its own logit: order does not matter
  std::vector<float> adjusted_;
  std::vector<TokenLogit> candidates_;
  std::vector<double> weights_;  ///< of the first candidates, those that survive
};

/// !(|l| < infinity) for any: NaN and infinities stop a sequence.
bool all_finite(std::span<const float> logits);

}  // namespace carat::runtime
