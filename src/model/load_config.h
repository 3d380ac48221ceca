#pragma once

#include "base/result.h"
#include "formats/model_source.h"
#include "model/config.h"

namespace carat::model {

/// The config of an opened model, whichever kind of file it came from.
///
///     ASSIGN_OR_RETURN(const formats::ModelSource source, formats::open_model(path));
///     ASSIGN_OR_RETURN(const ModelConfig config, load_config(source));
///     ASSIGN_OR_RETURN(const ModelTensors tensors, bind_tensors(config, source));
Result<ModelConfig> load_config(const formats::ModelSource& source);

}  // namespace carat::model
