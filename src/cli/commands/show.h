#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat show MODEL [--context N] [--kv TYPE] [--json]`: what a model file is and what it will need. Packs nothing.
Action add_show(CLI::App& command);

}  // namespace carat::cli
