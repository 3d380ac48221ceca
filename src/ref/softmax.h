#pragma once

#include <cstdint>

namespace carat::ref {

/// y_i = exp(x_i - m) / sum_j exp(x_j - m),  m = max x
///
/// x, y  [n], n >= 1; y may be x
/// Taking m out changes nothing in real numbers and keeps exp from overflowing.
void softmax(const float* x, std::int64_t n, float* y);

/// y_i = cap tanh(x_i / cap): the identity near 0, never beyond +-cap. On logits only; Gemma 4 and 3 have none on
/// attention scores. Source: spec/text-model.md 4.3 (final_logit_softcapping).
/// x, y  [n]; y may be x
void softcap(const float* x, float cap, std::int64_t n, float* y);

}  // namespace carat::ref
