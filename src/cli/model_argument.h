#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace carat::cli {

/// The help text of every MODEL argument.
inline constexpr const char* kModelHelp =
    "a GGUF file, a Hugging Face folder, or a name in the store; default: $CARAT_MODEL, else the only model in the "
    "store";

/// The model that a command line means: the argument, or the default when it is empty (store/model_store.h).
Result<std::filesystem::path> resolve_model(const std::string& argument);

}  // namespace carat::cli
