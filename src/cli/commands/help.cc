#include "cli/commands/help.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/output.h"
#include "cli/reference/help_text.h"
#include "cli/reference/man_page.h"
#include "cli/reference/markdown_page.h"
#include "cli/reference/reference.h"
#include "cli/unknown_command.h"
#include "cli/version.h"
#include "kernels/arithmetic_version.h"

namespace carat::cli {
namespace {

struct HelpOptions {
  std::string command;
  std::string format = "text";
  bool json = false;
};

Json as_json(const OptionReference& option) {
  return {{"names", option.names},           {"value", option.value}, {"choices", option.choices},
          {"default", option.default_value}, {"help", option.help},   {"repeated", option.repeated},
          {"required", option.required}};
}

Json as_json(const CommandReference& command) {
  Json json = {{"name", command.name},       {"help", command.help},     {"usage", command.usage},
               {"arguments", Json::array()}, {"options", Json::array()}, {"schema", nullptr}};
  for (const OptionReference& argument : command.arguments) json["arguments"].push_back(as_json(argument));
  for (const OptionGroup& group : command.options) {
    for (const OptionReference& option : group.options) json["options"].push_back(as_json(option));
  }
  if (!command.schema.empty()) json["schema"] = Json::parse(command.schema);
  return json;
}

std::string text_of(const CommandReference& command, const std::string& format) {
  if (format == "man") return man_page(command);
  if (format == "markdown") return markdown_section(command);
  return help_text(command, terminal_of(STDOUT_FILENO)) + (command.prose.empty() ? "" : "\n" + command.prose + "\n");
}

std::string text_of_all(const std::string& format) {
  if (format == "man") return man_overview();
  if (format == "markdown") return markdown_page();
  return overview_text(terminal_of(STDOUT_FILENO)) + "\n" + general_prose() + "\n";
}

Result<void> help(const HelpOptions& options) {
  std::vector<CommandReference> commands = program_reference();
  if (!options.command.empty()) {
    RETURN_IF_ERROR(known_command(options.command));
    std::erase_if(commands, [&](const CommandReference& command) { return command.name != options.command; });
  }
  if (options.json) {
    Json json = {{"version", version()},
                 {"commit", commit()},
                 {"arithmetic", kernels::kArithmeticVersion},
                 {"commands", Json::array()}};
    for (const CommandReference& command : commands) json["commands"].push_back(as_json(command));
    return write_stdout(dump_json(json, 2) + "\n");
  }
  return write_stdout(options.command.empty() ? text_of_all(options.format)
                                              : text_of(commands.front(), options.format));
}

}  // namespace

Action add_help(CLI::App& command) {
  auto options = std::make_shared<HelpOptions>();
  command.add_option("COMMAND", options->command, "a command; nothing: the program as a whole");
  command.add_option("--format", options->format, "for reading here, as Markdown, or as a manual page")
      ->check(CLI::IsMember({"text", "markdown", "man"}))
      ->capture_default_str();
  command.add_flag("--json", options->json, "the same as one JSON object");
  return [options] { return help(*options); };
}

}  // namespace carat::cli
