#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/config.h"

namespace carat::model {

/// A ModelConfig from config.json (and generation_config.json, which may be null) of every published variant, old and
/// new spellings (text-model.md 1, 7, 11): one row per model_type in a table in config_hf.cc. `where` is config.json's
/// path, for messages; `name` becomes ModelConfig::name.
///
/// Errors name the file and the key: kCorrupt for missing and impossible values (there are no defaults; a feature that
/// is not mentioned is off), kUnsupported for other architectures, activations, RoPE types, biases, quantised folders.
Result<ModelConfig> config_from_hf(const Json& config, const Json* generation_config, const std::string& where,
                                   std::string name);

}  // namespace carat::model
