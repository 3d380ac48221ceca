#pragma once

#include "cli/command.h"

namespace carat::cli {

Action add_add(CLI::App& command);

}  // namespace carat::cli
