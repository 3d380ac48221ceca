#include "runtime/sampling_params.h"

#include <fmt/core.h>

#include <cmath>
#include <string_view>

namespace carat::runtime {
namespace {

Result<void> check_range(std::string_view name, double value, bool ok, std::string_view range) {
  if (ok && std::isfinite(value)) return {};
  return invalid_argument(fmt::format("{} is {}, expected {}", name, value, range));
}

}  // namespace

Result<void> validate(const SamplingParams& p, std::int64_t vocab_size) {
  RETURN_IF_ERROR(check_range("temperature", p.temperature, p.temperature >= 0, "0 (always the likeliest) or more"));
  if (p.top_k < 0) return invalid_argument(fmt::format("top_k is {}, expected 0 (all) or more", p.top_k));
  RETURN_IF_ERROR(check_range("top_p", p.top_p, p.top_p > 0 && p.top_p <= 1, "a number above 0, at most 1"));
  RETURN_IF_ERROR(check_range("min_p", p.min_p, p.min_p >= 0 && p.min_p <= 1, "a number from 0 to 1"));
  RETURN_IF_ERROR(check_range("repetition_penalty", p.repetition_penalty,
                              p.repetition_penalty >= 0.01 && p.repetition_penalty <= 100,
                              "a number from 0.01 to 100 (1 = none)"));
  RETURN_IF_ERROR(check_range("presence_penalty", p.presence_penalty, std::abs(p.presence_penalty) <= 100,
                              "a number from -100 to 100 (0 = none)"));
  RETURN_IF_ERROR(check_range("frequency_penalty", p.frequency_penalty, std::abs(p.frequency_penalty) <= 100,
                              "a number from -100 to 100 (0 = none)"));
  for (const auto& [id, bias] : p.logit_bias) {
    if (id < 0 || id >= vocab_size) {
      return invalid_argument(
          fmt::format("logit_bias names token {}, but the vocabulary has ids 0 to {}", id, vocab_size - 1));
    }
    RETURN_IF_ERROR(check_range(fmt::format("logit_bias of token {}", id), bias, std::abs(bias) <= 1000,
                                "a number from -1000 to 1000"));
  }
  return {};
}

}  // namespace carat::runtime
