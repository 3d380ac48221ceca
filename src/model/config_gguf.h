#pragma once

#include <string>

#include "base/result.h"
#include "formats/gguf/gguf_file.h"
#include "model/config.h"

namespace carat::model {

/// A ModelConfig from a GGUF file's metadata (gguf.md 4, 6.1; text-model.md 6, 11). What GGUF says by the presence or
/// shape of a tensor is read there: vocabulary size (token_embd), V = K layers (no attn_v), pairs that turn
/// (rope_freqs). Errors name file and key, as config_from_hf's do.
Result<ModelConfig> config_from_gguf(const formats::GgufFile& file, std::string name);

}  // namespace carat::model
