#pragma once

#include <span>

#include "cli/command.h"

namespace carat::cli {

/// All commands, in the order of `carat --help`: the one table. A new command is a file in commands/ and a line in
/// commands.cc.
std::span<const Command> commands();

}  // namespace carat::cli
