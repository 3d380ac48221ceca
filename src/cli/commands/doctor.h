#pragma once

#include "cli/command.h"

namespace carat::cli {

Action add_doctor(CLI::App& command);

}  // namespace carat::cli
