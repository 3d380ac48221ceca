#include "model/checkpoint.h"

#include "base/bad_alloc.h"
#include "model/load_config.h"

namespace carat::model {

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& path) {
  return no_bad_alloc([&]() -> Result<Checkpoint> {
    ASSIGN_OR_RETURN(formats::ModelSource source, formats::open_model(path));
    ASSIGN_OR_RETURN(ModelConfig config, load_config(source));
    ASSIGN_OR_RETURN(ModelTensors tensors, bind_tensors(config, source));
    return Checkpoint{std::move(source), std::move(config), std::move(tensors)};
  });
}

}  // namespace carat::model
