#include "runtime/logprobs.h"

#include "base/check.h"
#include "base/elementary.h"
#include "runtime/top_tokens.h"

namespace carat::runtime {

Logprobs logprobs_of(std::span<const float> logits, tokenizer::TokenId token, int n_top) {
  CARAT_CHECK(token >= 0 && static_cast<std::size_t>(token) < logits.size() && n_top >= 0);
  const double largest = logits[static_cast<std::size_t>(argmax(logits))];
  double sum = 0;
  for (const float l : logits) sum += exp_f64(l - largest);
  const double log_sum = log_f64(sum);
  const auto logprob = [&](float l) { return (l - largest) - log_sum; };

  Logprobs result;
  result.logprob = logprob(logits[static_cast<std::size_t>(token)]);
  if (n_top == 0) return result;
  std::vector<TokenLogit> top;
  top_tokens(logits, n_top, top);
  for (const TokenLogit& t : top) result.top.push_back({t.id, logprob(t.logit)});
  return result;
}

}  // namespace carat::runtime
