#include "runtime/sampler.h"

#include <limits>
#include <utility>

#include "base/elementary.h"
#include "base/rng.h"

namespace carat::runtime {
namespace {

using tokenizer::TokenId;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

}  // namespace

bool all_finite(std::span<const float> logits) {
  std::int32_t bad = 0;  // counted without branches, so that the loop vectorises
  for (const float l : logits) {
    const bool finite = l >= -std::numeric_limits<float>::max() && l <= std::numeric_limits<float>::max();
    bad |= finite ? 0 : 1;
  }
  return bad == 0;
}

Sampler::Sampler(SamplingParams params, std::vector<TokenId> suppressed_ids)
    : params_(std::move(params)), suppressed_ids_(std::move(suppressed_ids)) {}

bool Sampler::uses_history() const {
  return params_.repetition_penalty != 1 || params_.presence_penalty != 0 || params_.frequency_penalty != 0;
}

void Sampler::add_prompt_token(TokenId id) {
  if (uses_history()) seen_[id].any = true;
}

void Sampler::add_answer_token(TokenId id) {
  if (!uses_history()) return;
  Seen& seen = seen_[id];
  seen.any = true;
  ++seen.in_answer;
}

Result<TokenId> Sampler::sample(std::span<const float> logits, std::int64_t position) {
  ASSIGN_OR_RETURN(const std::span<const float> adjusted, adjust(logits));
  const TokenId best = argmax(adjusted);
  if (best < 0) return invalid_argument("every token is suppressed; remove some of the suppressed ids or masks");
  if (params_.temperature == 0) return best;
  warp(adjusted);
  double total = 0;
  for (const double w : weights_) total += w;
  const double target = uniform_at(params_.seed, params_.choice, static_cast<std::uint64_t>(position)) * total;
  double sum = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    sum += weights_[i];
    if (sum > target) return candidates_[i].id;
  }
  return candidates_[weights_.size() - 1].id;  // u * total rounded up to total
}

Result<std::vector<WarpedToken>> Sampler::warped(std::span<const float> logits) {
  CARAT_CHECK(params_.temperature > 0);
  ASSIGN_OR_RETURN(const std::span<const float> adjusted, adjust(logits));
  warp(adjusted);
  double total = 0;
  for (const double w : weights_) total += w;
  std::vector<WarpedToken> result;
  for (std::size_t i = 0; i < weights_.size(); ++i) result.push_back({candidates_[i].id, weights_[i] / total});
  return result;
}

/// Steps 1 to 4. The caller's logits stay as they are (logprobs are read from them); most requests change nothing.
Result<std::span<const float>> Sampler::adjust(std::span<const float> logits) {
  if (!all_finite(logits)) return internal_error("the model produced a logit that is not a finite number");
  if (suppressed_ids_.empty() && params_.logit_bias.empty() && seen_.empty()) return logits;
  adjusted_.assign(logits.begin(), logits.end());
  for (const TokenId id : suppressed_ids_) adjusted_[static_cast<std::size_t>(id)] = kMinusInfinity;
  for (const auto& [id, bias] : params_.logit_bias) adjusted_[static_cast<std::size_t>(id)] += bias;
  penalise();
  return std::span<const float>(adjusted_);
}

void Sampler::penalise() {
  const auto repetition = static_cast<float>(params_.repetition_penalty);
  const auto presence = static_cast<float>(params_.presence_penalty);
  const auto frequency = static_cast<float>(params_.frequency_penalty);
  for (const auto& [id, seen] : seen_) {
    float& l = adjusted_[static_cast<std::size_t>(id)];
    if (l == kMinusInfinity) continue;
    if (repetition != 1) l = l > 0 ? l / repetition : l * repetition;
    if (seen.in_answer > 0) {
      l -= presence;
      l -= frequency * static_cast<float>(seen.in_answer);
    }
  }
}

/// Steps 5 to 8: candidates_ sorted, weights_ for the first ones, those that stay.
void Sampler::warp(std::span<const float> logits) {
  top_tokens(logits, params_.top_k, candidates_);
  weights_.clear();
  const double largest = candidates_.empty() ? 0 : candidates_[0].logit;
  for (const TokenLogit& c : candidates_) {
    const double w = exp_f64((c.logit - largest) / params_.temperature);
    if (w == 0) break;  // and so are all after it
    weights_.push_back(w);
  }
  if (params_.top_p < 1) {
    double total = 0;
    for (const double w : weights_) total += w;
    double sum = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (!(sum < params_.top_p * total)) {
        weights_.resize(i);
        break;
      }
      sum += weights_[i];
    }
  }
  while (weights_.size() > 1 && weights_.back() < params_.min_p) weights_.pop_back();
}

}  // namespace carat::runtime
