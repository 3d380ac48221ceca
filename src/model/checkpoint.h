#pragma once

#include <filesystem>

#include "base/result.h"
#include "formats/model_source.h"
#include "model/config.h"
#include "model/model_tensors.h"

namespace carat::model {

/// A model file opened and checked, nothing packed yet: enough to plan memory, to show it, or to load it.
struct Checkpoint {
  formats::ModelSource source;
  ModelConfig config;
  ModelTensors tensors;  ///< points into source

  static Result<Checkpoint> open(const std::filesystem::path& path);
};

}  // namespace carat::model
