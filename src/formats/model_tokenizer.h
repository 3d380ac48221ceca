#pragma once

#include <filesystem>

#include "base/result.h"
#include "formats/model_source.h"
#include "tokenizer/tokenizer.h"

namespace carat::formats {

/// The tokenizer of an opened model: a GGUF file's own, or the folder's tokenizer.json.
/// Errors: kNotFound when the folder has no tokenizer.json; those of the readers and of Tokenizer::create.
Result<tokenizer::Tokenizer> open_tokenizer(const ModelSource& source);

}  // namespace carat::formats
