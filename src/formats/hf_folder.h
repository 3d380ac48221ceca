#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/json.h"
#include "base/result.h"
#include "formats/safetensors/safetensors_source.h"

namespace carat::formats {

/// A model as Hugging Face publishes it: config.json, safetensors files, tokenizer.json, tokenizer_config.json,
/// generation_config.json.
/// The JSON values are shared pointers only because their type is incomplete here (heavy header).
struct HfFolder {
  std::filesystem::path path;
  std::shared_ptr<const Json> config;                   ///< never null; an object
  std::shared_ptr<const Json> generation_config;        ///< null when there is none; an object
  std::shared_ptr<const Json> tokenizer_config;         ///< null when there is none; an object
  std::shared_ptr<const SafetensorsSource> tensors;     ///< never null
  std::optional<std::filesystem::path> tokenizer_json;  ///< when the folder has one

  /// Errors: kNotFound naming the missing file; kCorrupt naming file and place.
  static Result<HfFolder> open(const std::filesystem::path& folder);
};

}  // namespace carat::formats
