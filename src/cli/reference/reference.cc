#include "cli/reference/reference.h"

#include <fmt/format.h>

#include <CLI/App.hpp>

#include "base/text.h"
#include "cli/page.h"
#include "cli/program.h"

namespace carat::cli {
namespace {

/// What CLI11 writes with commas between.
std::vector<std::string> listed(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ',');
  return {parts.begin(), parts.end()};
}

/// CLI11 says "TEXT:{exact,fast}", "INT:POSITIVE", "SIZE"; people want "exact|fast", "N", "SIZE".
void set_value(OptionReference& option, const std::string& type_name) {
  const std::size_t colon = type_name.find(':');
  const std::string type = type_name.substr(0, colon);
  std::string check = colon == std::string::npos ? "" : type_name.substr(colon + 1);
  if (check.starts_with('{') && check.ends_with('}')) {
    option.choices = listed(check.substr(1, check.size() - 2));
    option.value = fmt::format("{}", fmt::join(option.choices, "|"));
  } else if (type == "INT" || type == "UINT") {
    option.value = "N";
  } else if (type == "FLOAT") {
    option.value = "X";
  } else {
    option.value = type;
  }
}

OptionReference option_reference(const CLI::Option& option) {
  OptionReference out;
  const bool positional = option.nonpositional() == false;
  out.names = positional ? std::vector{option.get_name(true)} : listed(option.get_name(false, true));
  if (option.get_expected_max() > 0) set_value(out, option.get_type_name());
  if (positional) out.value.clear();  // the name says it
  out.default_value = option.get_default_str();
  out.help = option.get_description();
  out.repeated = option.get_expected_max() > 1;
  out.required = option.get_required();
  return out;
}

std::string usage_of(const CommandReference& command) {
  std::string usage = "carat " + command.name;
  for (const OptionGroup& group : command.options) {
    for (const OptionReference& option : group.options) {
      if (option.required) usage += fmt::format(" {} {}", option.names.back(), option.value);
    }
  }
  usage += " [OPTIONS]";
  for (const OptionReference& argument : command.arguments) {
    const std::string& name = argument.names.front();
    if (name.find(' ') != std::string::npos) {  // several words that say it all, as "[MODEL] FILE"
      usage += " " + name;
      continue;
    }
    const std::string many = name + (argument.repeated ? "..." : "");
    usage += argument.required ? " " + many : " [" + many + "]";
  }
  return usage;
}

OptionGroup& group_of(CommandReference& command, const std::string& title) {
  for (OptionGroup& group : command.options) {
    if (group.title == title) return group;
  }
  return command.options.emplace_back(OptionGroup{title, {}});
}

}  // namespace

std::string spelling(const OptionReference& option) {
  std::string text = fmt::format("{}", fmt::join(option.names, ", "));
  if (!option.value.empty()) text += " " + option.value;
  if (option.repeated) text += "...";
  return text;
}

PageParts split_page(std::string_view markdown) {
  constexpr std::string_view kFence = "```";
  PageParts parts;
  const std::size_t open = markdown.find(kFence);
  const std::size_t begin = open == std::string_view::npos ? open : markdown.find('\n', open);
  const std::size_t close = begin == std::string_view::npos ? begin : markdown.find(kFence, begin);
  if (close == std::string_view::npos || !trim(markdown.substr(0, open), "\n").empty()) {
    parts.prose = trim(markdown, "\n");
    return parts;
  }
  parts.examples = trim(markdown.substr(begin, close - begin), "\n");
  parts.prose = trim(markdown.substr(close + kFence.size()), "\n");
  return parts;
}

CommandReference command_reference(const CLI::App& command) {
  CommandReference out;
  out.name = command.get_name();
  out.group = command.get_group();
  out.help = command.get_description();
  group_of(out, "Options");  // first, whatever is declared first
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    if (!option->nonpositional()) {
      out.arguments.push_back(option_reference(*option));
      continue;
    }
    const std::string group = option->get_group();
    group_of(out, group == "OPTIONS" ? "Options" : group).options.push_back(option_reference(*option));
  }
  out.usage = usage_of(out);
  const Page page = page_of(out.name);
  PageParts parts = split_page(page.markdown);
  out.examples = std::move(parts.examples);
  out.prose = std::move(parts.prose);
  out.schema = page.schema;
  return out;
}

std::vector<CommandReference> program_reference() {
  const Program program;
  std::vector<CommandReference> commands;
  for (const auto& [app, action] : program.commands) commands.push_back(command_reference(*app));
  return commands;
}

}  // namespace carat::cli
