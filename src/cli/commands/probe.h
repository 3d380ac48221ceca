#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat probe MODEL ...`: logits, hidden states and greedy ids of given ids, as a safetensors file.
Action add_probe(CLI::App& command);

}  // namespace carat::cli
