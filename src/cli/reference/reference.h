#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace carat::cli {

/// What is known about the command line as values: the one source of --help, docs/cli.md, manual pages and completions.

struct OptionReference {
  std::vector<std::string> names;    ///< "-m", "--model"; of an argument its one name
  std::string value;                 ///< "MODEL", "N", "fast|exact"; empty for a flag
  std::vector<std::string> choices;  ///< when only these may be given
  std::string default_value;         ///< empty: none, or said in `help`
  std::string help;
  bool repeated = false;
  bool required = false;
};

/// "-m, --model MODEL", "PROMPT..."
std::string spelling(const OptionReference& option);

struct OptionGroup {
  std::string title;  ///< "Options", "Engine"
  std::vector<OptionReference> options;
};

struct CommandReference {
  std::string name, group;
  std::string help;   ///< one line
  std::string usage;  ///< "carat ask [OPTIONS] [PROMPT...]"
  std::vector<OptionReference> arguments;
  std::vector<OptionGroup> options;
  std::string examples;  ///< lines of a shell
  std::string prose;     ///< Markdown
  std::string schema;    ///< JSON Schema, or empty
};

/// REQUIRES: `command` is a subcommand of Program.
CommandReference command_reference(const CLI::App& command);

/// All commands, in their order.
std::vector<CommandReference> program_reference();

/// The first fenced block of a page, and all the rest.
struct PageParts {
  std::string examples, prose;
};
PageParts split_page(std::string_view markdown);

}  // namespace carat::cli
