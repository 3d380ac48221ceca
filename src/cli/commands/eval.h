#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat eval MODEL TEXT [--against exact|OTHER_MODEL|SAVED.safetensors] [--json]`: perplexity of a text, and how far
/// the model's distributions are from a reference's.
Action add_eval(CLI::App& command);

}  // namespace carat::cli
