#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace carat::cli {

/// The command line's parser with all commands declared, and what each of them does.
struct Program {
  std::unique_ptr<CLI::App> app;
  std::vector<std::pair<CLI::App*, Action>> commands;  ///< in the order of commands()

  Program();
  ~Program();
};

}  // namespace carat::cli
