#pragma once

#include "cli/command.h"

namespace carat::cli {

/// carat bench MODEL: how fast a model runs here, against what the machine could do.
Action add_bench(CLI::App& command);

}  // namespace carat::cli
