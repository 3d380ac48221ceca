#include "eval/position_score.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/check.h"
#include "base/elementary.h"

namespace carat::eval {
namespace {

std::size_t top_of(std::span<const float> logits) {
  return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

PositionScore score(std::span<const float> logits, tokenizer::TokenId next) {
  CARAT_CHECK(next >= 0 && static_cast<std::size_t>(next) < logits.size());
  const std::size_t top = top_of(logits);
  const double largest = logits[top];
  double sum = 0;
  for (const float l : logits) sum += exp_f64(l - largest);
  return {.nll = log_f64(sum) - (logits[static_cast<std::size_t>(next)] - largest),
          .top = static_cast<tokenizer::TokenId>(top)};
}

PositionScore compare(std::span<const float> logits, std::span<const float> reference, tokenizer::TokenId next) {
  CARAT_CHECK(logits.size() == reference.size());
  CARAT_CHECK(next >= 0 && static_cast<std::size_t>(next) < logits.size());
  const std::size_t top = top_of(logits), reference_top = top_of(reference);
  const double largest = logits[top], reference_largest = reference[reference_top];

  // With a_i = l_i - l_max and b_i of the reference: KL = sum_i e^b_i (b_i - a_i) / sum e^b - log sum e^b + log sum
  // e^a. The two logarithms and the mean are close in size, not large: nothing cancels beyond the double's last digits.
  double sum = 0, reference_sum = 0, weighted = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double a = logits[i] - largest, b = reference[i] - reference_largest;
    const double e = exp_f64(b);
    sum += exp_f64(a);
    reference_sum += e;
    weighted += e * (b - a);
  }
  const double log_sum = log_f64(sum), reference_log_sum = log_f64(reference_sum);
  const double kl = weighted / reference_sum - reference_log_sum + log_sum;

  const auto n = static_cast<std::size_t>(next);
  return {.nll = log_sum - (logits[n] - largest),
          .reference_nll = reference_log_sum - (reference[n] - reference_largest),
          .kl = kl < 0 ? 0 : kl,  // rounding may leave -1e-16; NaN stays
          .top = static_cast<tokenizer::TokenId>(top),
          .reference_top = static_cast<tokenizer::TokenId>(reference_top)};
}

}  // namespace carat::eval
