#include "cli/sampling_options.h"

#include <fmt/core.h>

#include <CLI/App.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace carat::cli {
namespace {

// Google's recommendation for every Gemma 3 and Gemma 4 model.
constexpr double kTemperature = 1.0;
constexpr std::int64_t kTopK = 64;
constexpr double kTopP = 0.95;

std::optional<double> published(const formats::ModelSource& source, const char* gguf_key, const char* json_key) {
  if (source.gguf) {
    auto value = source.gguf->metadata().get_float(gguf_key);
    return value ? std::optional(*value) : std::nullopt;
  }
  if (!source.folder->generation_config) return std::nullopt;
  const auto it = source.folder->generation_config->find(json_key);
  return it == source.folder->generation_config->end() ? std::nullopt : json_double(*it);
}

Result<std::pair<tokenizer::TokenId, float>> parse_bias(std::string_view text) {
  const Error wrong =
      invalid_argument(fmt::format("--logit-bias {}: expected ID=VALUE, a token id and a number such as 107=-5", text));
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return wrong;
  std::pair<tokenizer::TokenId, float> bias;
  const std::string_view id = text.substr(0, equals), value = text.substr(equals + 1);
  const auto id_end = std::from_chars(id.data(), id.data() + id.size(), bias.first);
  const auto value_end = std::from_chars(value.data(), value.data() + value.size(), bias.second);
  if (id_end.ec != std::errc() || id_end.ptr != id.data() + id.size()) return wrong;
  if (value_end.ec != std::errc() || value_end.ptr != value.data() + value.size()) return wrong;
  return bias;
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& options) {
  const std::string group = "Sampling (default: what the model's files recommend)";
  const auto add = [&](const char* flag, auto& value, const char* help) {
    return command.add_option(flag, value, help)->allow_extra_args(false)->group(group);
  };
  add("--temperature", options.temperature, "divides the logits; 0 always takes the likeliest token");
  add("--top-k", options.top_k, "keep the K likeliest tokens; 0 keeps all");
  add("--top-p", options.top_p, "keep the fewest tokens that reach this probability");
  add("--min-p", options.min_p, "keep tokens at least this likely, relative to the likeliest");
  add("--repetition-penalty", options.repetition_penalty, "divides logits of tokens already seen");
  add("--presence-penalty", options.presence_penalty, "subtracted once from tokens already in the answer");
  add("--frequency-penalty", options.frequency_penalty, "subtracted for each time a token is in the answer");
  add("--logit-bias", options.logit_bias, "ID=VALUE, added to a token's logit; may be repeated");
  add("--seed", options.seed, "of the randomness; the same request and seed give the same answer (default 0)")
      ->check(CLI::NonNegativeNumber);
}

runtime::SamplingParams recommended_sampling(const formats::ModelSource& source) {
  runtime::SamplingParams params;
  const double temperature = published(source, "general.sampling.temp", "temperature").value_or(kTemperature);
  const double top_k = published(source, "general.sampling.top_k", "top_k").value_or(static_cast<double>(kTopK));
  const double top_p = published(source, "general.sampling.top_p", "top_p").value_or(kTopP);
  params.temperature = temperature >= 0 && temperature <= 2 ? temperature : kTemperature;
  params.top_k = top_k >= 0 && top_k <= 1e6 ? static_cast<std::int64_t>(top_k) : kTopK;
  params.top_p = top_p > 0 && top_p <= 1 ? top_p : kTopP;
  return params;
}

Result<runtime::SamplingParams> sampling_params(const SamplingOptions& options, const formats::ModelSource& source,
                                                std::int64_t vocab_size) {
  runtime::SamplingParams params = recommended_sampling(source);
  params.temperature = options.temperature.value_or(params.temperature);
  params.top_k = options.top_k.value_or(params.top_k);
  params.top_p = options.top_p.value_or(params.top_p);
  params.min_p = options.min_p.value_or(params.min_p);
  params.repetition_penalty = options.repetition_penalty.value_or(params.repetition_penalty);
  params.presence_penalty = options.presence_penalty.value_or(params.presence_penalty);
  params.frequency_penalty = options.frequency_penalty.value_or(params.frequency_penalty);
  params.seed = options.seed;
  for (const std::string& text : options.logit_bias) {
    ASSIGN_OR_RETURN(const auto bias, parse_bias(text));
    params.logit_bias.push_back(bias);
  }
  RETURN_IF_ERROR(runtime::validate(params, vocab_size));
  return params;
}

}  // namespace carat::cli
