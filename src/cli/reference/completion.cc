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

std::vector<std::string> words_of(const CommandReference& command) {
  std::vector<std::string> words;
  for (const OptionReference& option : options_of(command)) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  for (const OptionReference& argument : command.arguments) {
    words.insert(words.end(), argument.choices.begin(), argument.choices.end());
  }
  return words;
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
  std::vector<std::string> names;
  std::string options, values, models;
  for (const CommandReference& command : commands) {
    names.push_back(command.name);
    options += fmt::format("    {}) words={} ;;\n", command.name,
                           quoted(fmt::format("{}", fmt::join(words_of(command), " "))));
    if (wants_model(command)) models += (models.empty() ? "" : "|") + command.name;
    for (const OptionReference& option : options_of(command)) {
      if (option.value.empty()) continue;
      const std::string pattern = fmt::format("{}", fmt::join(option.names, "|"));
      const std::string action = !option.choices.empty()
                                     ? fmt::format("COMPREPLY=($(compgen -W {} -- \"$current\"))",
                                                   quoted(fmt::format("{}", fmt::join(option.choices, " "))))
                                 : takes_model(option) ? "_carat_models"
                                                       : "COMPREPLY=()";
      for (const std::string& name : option.names)
        values += fmt::format("    {}:{}) {}; return ;;\n", command.name, name, action);
    }
  }
  return fmt::format(R"sh(# bash completion for carat; made by `carat completion bash`.
_carat_models() {{
  COMPREPLY=($(compgen -W "$(carat list --names 2>/dev/null)" -- "$current") $(compgen -f -- "$current"))
}}

_carat() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]}} words=
  if [[ $COMP_CWORD == 1 ]]; then
    COMPREPLY=($(compgen -W {0} -- "$current"))
    return
  fi
  case $command:$before in
{1}  esac
  case $command in
{2}  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case $command in
    {3}) _carat_models ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}}
complete -o filenames -F _carat carat
)sh",
                     quoted(fmt::format("{} --help --version", fmt::join(names, " "))), values, options,
                     models.empty() ? "''" : models);
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
      const std::string value = argument.names.front() == "[MODEL] FILE" ? "_carat_models" : zsh_value(argument);
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
  _alternative "models:model:($models)" "files:file:_files"
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
    for (const OptionReference& argument : command.arguments) {
      if (argument.choices.empty()) continue;
      text += fmt::format("complete -c carat {} -f -a {}\n", when,
                          quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
    }
  }
  return text;
}

}  // namespace carat::cli
