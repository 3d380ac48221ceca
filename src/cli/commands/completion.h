#pragma once

#include "cli/command.h"

namespace carat::cli {

Action add_completion(CLI::App& command);

}  // namespace carat::cli
