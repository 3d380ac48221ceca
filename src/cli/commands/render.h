#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat render [MODEL] [--format FORMAT] FILE.json`: messages to the prompt they become.
Action add_render(CLI::App& command);

}  // namespace carat::cli
