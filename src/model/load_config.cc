#include "model/load_config.h"

#include "model/config_gguf.h"
#include "model/config_hf.h"

namespace carat::model {

Result<ModelConfig> load_config(const formats::ModelSource& source) {
  if (source.gguf) return config_from_gguf(*source.gguf, source.name());
  const formats::HfFolder& folder = *source.folder;
  return config_from_hf(*folder.config, folder.generation_config.get(), (folder.path / "config.json").string(),
                        source.name());
}

}  // namespace carat::model
