#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"

namespace CLI {
class App;
}

namespace carat::cli {

/// What a parsed command line does. Its error becomes one line on stderr and the exit code (exit_code.h).
using Action = std::function<Result<void>()>;

/// One command of the program, `carat NAME ...`.
///
/// `add` declares the command's options on its CLI11 subcommand and returns the action that runs after parsing. The
/// options' values must live as long as the action, so they are shared by both:
///
///     Action add_show(CLI::App& command) {
///       auto options = std::make_shared<ShowOptions>();
///       command.add_option("MODEL", options->model, "a path, or a name in the store");
///       return [options] { return show(*options); };
///     }
///
/// pages/NAME.md holds its examples and what there is to say beyond the options, pages/NAME.schema.json the schema of
/// its --json (page.h). Help, manual pages, docs/cli.md and completions are made from these and the declared options.
struct Command {
  std::string_view name;
  std::string_view group;  ///< its heading in `carat --help`
  std::string_view help;   ///< one line
  Action (*add)(CLI::App& command);
};

}  // namespace carat::cli
