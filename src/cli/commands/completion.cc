#include "cli/commands/completion.h"

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "cli/output.h"
#include "cli/reference/completion.h"
#include "cli/reference/reference.h"

namespace carat::cli {

Action add_completion(CLI::App& command) {
  auto shell = std::make_shared<std::string>();
  command.add_option("SHELL", *shell, "the shell it is for")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell]() -> Result<void> {
    const auto commands = program_reference();
    if (*shell == "bash") return write_stdout(bash_completion(commands));
    return write_stdout(*shell == "zsh" ? zsh_completion(commands) : fish_completion(commands));
  };
}

}  // namespace carat::cli
