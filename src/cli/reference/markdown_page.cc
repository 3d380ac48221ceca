#include "cli/reference/markdown_page.h"

#include <fmt/format.h>

#include "cli/page.h"
#include "cli/reference/schema_fields.h"

namespace carat::cli {
namespace {

/// A cell of a table must not end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string option_row(const OptionReference& option) {
  std::string right = option.help;
  if (!option.default_value.empty()) right += fmt::format(" (default {})", option.default_value);
  return fmt::format("| `{}` | {} |\n", cell(spelling(option)), cell(right));
}

std::string option_table(const std::string& title, const std::vector<OptionReference>& options) {
  if (options.empty()) return "";
  std::string text = fmt::format("\n| {} | |\n| --- | --- |\n", title);
  for (const OptionReference& option : options) text += option_row(option);
  return text;
}

std::string fields_table(const std::string& schema) {
  if (schema.empty()) return "";
  std::string text =
      fmt::format("\n`--json`: {} `--schema` prints its JSON Schema.\n\n| field | type | |\n| --- | --- | --- |\n",
                  schema_description(schema));
  for (const SchemaField& field : schema_fields(schema)) {
    text += fmt::format("| `{}` | {} | {} |\n", cell(field.path), cell(field.type), cell(field.help));
  }
  return text;
}

}  // namespace

std::string markdown_section(const CommandReference& command) {
  std::string text = fmt::format("## {}\n\n`{}`: {}\n", command.name, command.usage, command.help);
  if (!command.examples.empty()) text += fmt::format("\n```sh\n{}\n```\n", command.examples);
  text += option_table("argument", command.arguments);
  for (const OptionGroup& group : command.options)
    text += option_table(group.title == "Options" ? "option" : group.title, group.options);
  if (!command.prose.empty()) text += "\n" + command.prose + "\n";
  return text + fields_table(command.schema);
}

std::string markdown_page() {
  const PageParts general = split_page(page_of("carat").markdown);
  std::string text = fmt::format(
      "<!-- Made by `carat help --format markdown`; a test holds it to the program. -->\n"
      "# The command line\n\n```sh\n{}\n```\n\n{}\n",
      general.examples, general.prose);
  for (const CommandReference& command : program_reference()) text += "\n" + markdown_section(command);
  return text;
}

}  // namespace carat::cli
