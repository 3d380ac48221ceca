#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/model_source.h"
#include "runtime/sampling_params.h"

namespace CLI {
class App;
}

namespace carat::cli {

/// The sampling flags of a command line; what is not given comes from the model, then from Gemma's recommendation.
struct SamplingOptions {
  std::optional<double> temperature, top_p, min_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> repetition_penalty, presence_penalty, frequency_penalty;
  std::vector<std::string> logit_bias;  ///< "ID=VALUE"
  std::uint64_t seed = 0;
};

/// --temperature, --top-k, --top-p, --min-p, --repetition-penalty, --presence-penalty, --frequency-penalty,
/// --logit-bias,
/// --seed. REQUIRES: `options` outlives the parse.
void add_sampling_options(CLI::App& command, SamplingOptions& options);

/// What the model's publisher recommends: general.sampling.* of a GGUF file, generation_config.json of a folder; where
/// they are silent Gemma's temperature 1, top-k 64, top-p 0.95. Values that are no sane numbers are ignored.
runtime::SamplingParams recommended_sampling(const formats::ModelSource& source);

/// Errors: kInvalidArgument naming the flag.
Result<runtime::SamplingParams> sampling_params(const SamplingOptions& options, const formats::ModelSource& source,
                                                std::int64_t vocab_size);

}  // namespace carat::cli
