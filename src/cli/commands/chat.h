#pragma once

#include "cli/command.h"

namespace carat::cli {

/// carat chat [MODEL]: a conversation at a prompt; in a pipe, one answer per line. docs/cli.md has the rest.
Action add_chat(CLI::App& command);

}  // namespace carat::cli
