#include "cli/reference/completion.h"

#include <fmt/format.h>

namespace carat::cli {
namespace {

/// Inside single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<OptionReference> options_of(const CommandReference& command) {
  std::vector<OptionReference> all;
  for (const OptionGroup& group : command.options) {
    all.insert(all.end(), group.options.begin(), group.options.end());
  }
  return all;
}

bool takes_model(const OptionReference& option) {
  return option.value == "MODEL" || (!option.names.empty() && option.names.front() == "MODEL");
}

bool wants_model(const CommandReference& command) {
  for (const OptionReference& argument : command.arguments) {
    if (takes_model(argument) || argument.names.front() == "[MODEL] FILE") return true;
  }
  return false;
}

std::vector<std::string> option_names(const CommandReference& command) {
  std::vector<std::string> names;
  for (const OptionReference& option : options_of(command)) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

std::string names_of(const std::vector<CommandReference>& commands) {
  std::vector<std::string> names;
  for (const CommandReference& command : commands) names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, " "));
}

/// The words an argument of the command may be, in one string; empty when it may be anything.
std::string argument_words(const CommandReference& command, const std::string& command_names) {
  for (const OptionReference& argument : command.arguments) {
    if (argument.names.front() == "COMMAND") return command_names;
    if (!argument.choices.empty()) return fmt::format("{}", fmt::join(argument.choices, " "));
  }
  return "";
}

std::string bash_action(const std::string& words, bool model) {
  if (!words.empty()) return "_carat_words " + words;
  return model ? "_carat_models" : "_carat_files";
}

/// zsh's _arguments and _describe give brackets and colons a meaning.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_value(const OptionReference& option) {
  if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
  return takes_model(option) ? "_carat_models" : "_files";
}

}  // namespace

std::string bash_completion(const std::vector<CommandReference>& commands) {
  const std::string names = names_of(commands);
  std::string options, values, arguments;
  for (const CommandReference& command : commands) {
    options += fmt::format("    {}) words={} ;;\n", command.name,
                           quoted(fmt::format("{}", fmt::join(option_names(command), " "))));
    arguments +=
        fmt::format("    {}) {} ;;\n", command.name, bash_action(argument_words(command, names), wants_model(command)));
    for (const OptionReference& option : options_of(command)) {
      if (option.value.empty()) continue;
      const std::string action = bash_action(fmt::format("{}", fmt::join(option.choices, " ")), takes_model(option));
      for (const std::string& name : option.names) {
        values += fmt::format("    {}:{}) {}; return ;;\n", command.name, name, action);
      }
    }
  }
  return fmt::format(R"sh(# bash completion for carat; made by `carat completion bash`.
# Candidates are compared as text and never evaluated: a file may have any name.
_carat_words() {{
  local word
  for word in "$@"; do
    [[ $word == "$current"* ]] && COMPREPLY+=("$word")
  done
}}
_carat_files() {{
  local file
  while IFS= read -r file; do
    COMPREPLY+=("$file")
  done < <(compgen -f -- "$current")
  compopt -o filenames 2>/dev/null
}}
_carat_models() {{
  local model
  while IFS= read -r model; do
    _carat_words "$model"
  done < <(carat list --names 2>/dev/null)
  _carat_files
}}

_carat() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]}} words=
  COMPREPLY=()
  if [[ $COMP_CWORD == 1 ]]; then
    _carat_words {0} --help --version
    return
  fi
  case $command:$before in
{1}  esac
  if [[ $current == -* ]]; then
    case $command in
{2}    esac
    _carat_words $words
    return
  fi
  case $command in
{3}  esac
}}
complete -F _carat carat
)sh",
                     names, values, options, arguments);
}

std::string zsh_completion(const std::vector<CommandReference>& commands) {
  std::string descriptions, cases;
  for (const CommandReference& command : commands) {
    descriptions += fmt::format("    {}\n", quoted(fmt::format("{}:{}", command.name, zsh_text(command.help))));
    cases += fmt::format("    {})\n      _arguments", command.name);
    for (const OptionReference& option : options_of(command)) {
      for (const std::string& name : option.names) {
        std::string spec = fmt::format("{}{}[{}]", option.repeated ? "*" : "", name, zsh_text(option.help));
        if (!option.value.empty()) spec += fmt::format(":{}:{}", zsh_text(option.value), zsh_value(option));
        cases += fmt::format(" \\\n        {}", quoted(spec));
      }
    }
    for (const OptionReference& argument : command.arguments) {
      const std::string words = argument_words(command, names_of(commands));
      const std::string value = argument.names.front() == "[MODEL] FILE" ? "_carat_models"
                                : !words.empty()                         ? fmt::format("({})", words)
                                                                         : zsh_value(argument);
      const std::string spec =
          fmt::format("{}:{}:{}", argument.repeated ? "*" : "", zsh_text(argument.names.front()), value);
      cases += fmt::format(" \\\n        {}", quoted(spec));
    }
    cases += "\n      ;;\n";
  }
  return fmt::format(R"sh(#compdef carat
# zsh completion for carat; made by `carat completion zsh`.
_carat_models() {{
  local -a models
  models=(${{(f)"$(carat list --names 2>/dev/null)"}})
  compadd -a models
  _files
}}

_carat() {{
  local -a commands
  commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
{}  esac
}}
if [[ $funcstack[1] == _carat ]]; then
  _carat "$@"
else
  compdef _carat carat
fi
)sh",
                     descriptions, cases);
}

std::string fish_completion(const std::vector<CommandReference>& commands) {
  std::string text = "# fish completion for carat; made by `carat completion fish`.\n";
  for (const CommandReference& command : commands) {
    text +=
        fmt::format("complete -c carat -f -n __fish_use_subcommand -a {} -d {}\n", command.name, quoted(command.help));
  }
  for (const CommandReference& command : commands) {
    const std::string when = fmt::format("-n '__fish_seen_subcommand_from {}'", command.name);
    if (wants_model(command))
      text += fmt::format("complete -c carat {} -F -a '(carat list --names 2>/dev/null)'\n", when);
    for (const OptionReference& option : options_of(command)) {
      text += fmt::format("complete -c carat {}", when);
      for (const std::string& name : option.names) {
        text += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
      }
      if (!option.choices.empty()) {
        text += fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(option.choices, " "))));
      } else if (takes_model(option)) {
        text += " -r -F -a '(carat list --names 2>/dev/null)'";
      } else if (!option.value.empty()) {
        text += " -r -F";
      }
      text += fmt::format(" -d {}\n", quoted(option.help));
    }
    if (const std::string words = argument_words(command, names_of(commands)); !words.empty()) {
      text += fmt::format("complete -c carat {} -f -a {}\n", when, quoted(words));
    }
  }
  return text;
}

}  // namespace carat::cli
