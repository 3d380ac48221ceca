#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat cache [--rm NAME|all]`
Action add_cache(CLI::App& command);

}  // namespace carat::cli
