#include "cli/reference/help_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/page.h"
#include "cli/version.h"

namespace carat::cli {
namespace {

constexpr std::size_t kNameColumns = 30;
constexpr std::size_t kMaxColumns = 100;  // longer lines are hard to read

std::size_t width_of(const Terminal& terminal) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(terminal.columns, 0)), 40, kMaxColumns);
}

std::string row(std::string_view left, std::string_view right, std::size_t width) {
  const std::string wrapped = wrap(right, width - kNameColumns - 2, kNameColumns + 2);
  if (left.size() + 2 > kNameColumns) return fmt::format("  {}\n{:{}}{}\n", left, "", kNameColumns + 2, wrapped);
  return fmt::format("  {:<{}}{}\n", left, kNameColumns, wrapped);
}

std::string row(const OptionReference& option, std::size_t width) {
  std::string right = option.help;
  if (!option.default_value.empty()) right += fmt::format(" [{}]", option.default_value);
  return row(spelling(option), right, width);
}

std::string indented(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out.append("  ").append(lines.substr(0, end)).append("\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

std::string heading(const Style& style, std::string_view title) {
  return fmt::format("\n{}\n", style.bold(fmt::format("{}:", title)));
}

}  // namespace

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (column > 0 && column + 1 + word.size() > width) {
      out.append("\n").append(indent, ' ');
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string help_text(const CommandReference& command, const Terminal& terminal) {
  const Style style(terminal);
  const std::size_t width = width_of(terminal);
  std::string text = wrap(command.help, width, 0) + "\n\n" + style.bold("Usage:") + " " + command.usage + "\n";
  if (!command.examples.empty()) text += heading(style, "Examples") + indented(command.examples);
  if (!command.arguments.empty()) {
    text += heading(style, "Arguments");
    for (const OptionReference& argument : command.arguments) text += row(argument, width);
  }
  for (const OptionGroup& group : command.options) {
    if (group.options.empty()) continue;
    text += heading(style, group.title);
    for (const OptionReference& option : group.options) text += row(option, width);
  }
  return text + fmt::format("\nThe whole page: carat help {}. Exit codes: carat help\n", command.name);
}

std::string general_prose() { return split_page(page_of("carat").markdown).prose; }

std::string overview_text(const Terminal& terminal) {
  const Style style(terminal);
  const std::size_t width = width_of(terminal);
  std::string text = "carat runs the Gemma 4 family (and Gemma 3 text) on your own machine.\n\n" +
                     style.bold("Usage:") + " carat COMMAND [OPTIONS]\n";
  const std::string examples = split_page(page_of("carat").markdown).examples;
  text += heading(style, "Examples") + indented(examples);
  std::string_view group;
  for (const Command& command : commands()) {
    if (command.group != group) text += heading(style, command.group);
    group = command.group;
    text += fmt::format("  {:<12}{}\n", command.name, wrap(command.help, width - 14, 14));
  }
  return text + fmt::format("\ncarat COMMAND --help has the options, carat help COMMAND the whole page.\n{}\n",
                            version_line());
}

}  // namespace carat::cli
