#pragma once

#include "cli/command.h"

namespace carat::cli {

Action add_rm(CLI::App& command);

}  // namespace carat::cli
