#include "cli/program.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

#include "cli/commands.h"
#include "cli/page.h"
#include "cli/reference/help_text.h"
#include "cli/reference/reference.h"
#include "cli/term/terminal.h"

namespace carat::cli {
namespace {

/// --help in carat's form: reference/help_text.h.
class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    const Terminal terminal = terminal_of(STDOUT_FILENO);
    if (app->get_parent() == nullptr) return overview_text(terminal);
    return help_text(command_reference(*app), terminal);
  }
};

}  // namespace

Program::Program() : app(std::make_unique<CLI::App>("", "carat")) {
  app->formatter(std::make_shared<HelpFormatter>());
  app->require_subcommand(0, 1);
  app->set_help_flag("-h,--help", "print this help");
  for (const Command& command : carat::cli::commands()) {
    CLI::App* sub = app->add_subcommand(std::string(command.name), std::string(command.help));
    sub->group(std::string(command.group));
    commands.emplace_back(sub, command.add(*sub));
    // Printed before parsing, so that it needs none of the required arguments; declared for the help.
    if (!page_of(command.name).schema.empty())
      sub->add_flag("--schema")->description("print the JSON Schema of --json and end");
  }
}

Program::~Program() = default;

}  // namespace carat::cli
