#pragma once

#include "cli/command.h"

namespace carat::cli {

Action add_help(CLI::App& command);

}  // namespace carat::cli
