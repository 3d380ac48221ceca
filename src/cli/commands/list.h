#pragma once

#include "cli/command.h"

namespace carat::cli {

Action add_list(CLI::App& command);

}  // namespace carat::cli
