#pragma once

#include <string>
#include <vector>

#include "cli/reference/reference.h"

namespace carat::cli {

/// Completion scripts for commands, options, the values an option knows, names of stored models (asked of `carat list`)
/// and files.
std::string bash_completion(const std::vector<CommandReference>& commands);
std::string zsh_completion(const std::vector<CommandReference>& commands);
std::string fish_completion(const std::vector<CommandReference>& commands);

}  // namespace carat::cli
