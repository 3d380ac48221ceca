#include "cli/chat/slash_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/term/safe_text.h"
#include "store/near_miss.h"

namespace carat::cli {
namespace {

constexpr SlashCommand kCommands[] = {
    {Slash::kHelp, "/help", "", "this list"},
    {Slash::kThink, "/think", "[on|off|show|fold]", "think first; show thoughts, or fold them into a line"},
    {Slash::kThoughts, "/thoughts", "", "the last thought in full"},
    {Slash::kSystem, "/system", "[TEXT]", "show or set the system message; - for none"},
    {Slash::kFile, "/file", "PATH", "a text file before the next message; - for none"},
    {Slash::kRetry, "/retry", "", "another answer to the last message"},
    {Slash::kEdit, "/edit", "", "change the last message and send it again"},
    {Slash::kStats, "/stats", "", "tokens and speed"},
    {Slash::kSave, "/save", "NAME", "give this chat a name; it is kept in any case"},
    {Slash::kLoad, "/load", "NAME", "go on with another chat, by name or number"},
    {Slash::kList, "/list", "", "the chats there are"},
    {Slash::kNew, "/new", "", "begin a new chat"},
    {Slash::kExport, "/export", "FILE", "write this chat to FILE.md or FILE.json"},
    {Slash::kBye, "/bye", "", "leave (Ctrl-D too)"},
};

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(" \t")); }

/// Those of `words` that begin like `typed`.
Completion complete_word(std::string_view typed, std::span<const std::string> words) {
  Completion completion{typed.size(), {}};
  for (const std::string& word : words) {
    if (word.starts_with(typed) && safe_line(word) == word) completion.candidates.push_back(word);
  }
  std::sort(completion.candidates.begin(), completion.candidates.end());
  return completion;
}

}  // namespace

std::span<const SlashCommand> slash_commands() { return kCommands; }

Result<std::optional<SlashLine>> parse_slash(std::string_view line) {
  const std::string_view word = first_word(line);
  const bool is_path = word.find('/', 1) != std::string_view::npos;
  if (!line.starts_with('/') || is_path || line.find('\n') != std::string_view::npos) {
    return std::optional<SlashLine>();
  }
  const std::string_view argument = trim(line.substr(word.size()), " \t");
  std::vector<std::string> names;
  for (const SlashCommand& command : kCommands) {
    names.emplace_back(command.name);
    if (command.name != word) continue;
    if (command.argument.empty() && !argument.empty()) {
      return invalid_argument(fmt::format("{} takes nothing behind it; /help shows the commands", word));
    }
    return std::optional(SlashLine{command.id, std::string(argument)});
  }
  const std::vector<std::string> near = store::near_misses(word, names);
  const std::string shown = safe_line(word);
  if (!near.empty()) {
    return invalid_argument(fmt::format("there is no command {}; did you mean {}?", shown, fmt::join(near, " or ")));
  }
  return invalid_argument(
      fmt::format("there is no command {}; /help shows the commands, // begins a message with a slash", shown));
}

std::string message_of(std::string line) {
  if (line.starts_with("//") && line.find('\n') == std::string::npos) line.erase(0, 1);
  return line;
}

std::string as_typed(std::string message) {
  if (message.starts_with('/') && message.find('\n') == std::string::npos) message.insert(message.begin(), '/');
  return message;
}

Completion complete_slash(std::string_view before_cursor, std::span<const std::string> chats, std::string_view home) {
  if (!before_cursor.starts_with('/')) return {};
  const std::string_view word = first_word(before_cursor);
  if (word.size() == before_cursor.size()) {
    std::vector<std::string> names;
    for (const SlashCommand& command : kCommands) {
      names.push_back(std::string(command.name) + (command.argument.empty() ? "" : " "));
    }
    return complete_word(word, names);
  }
  const std::string_view argument = before_cursor.substr(word.size() + 1);
  if (word == "/file" || word == "/export") return complete_file(argument, home);
  if (word == "/load") return complete_word(argument, chats);
  if (word == "/think") return complete_word(argument, std::vector<std::string>{"on", "off", "show", "fold"});
  return {};
}

}  // namespace carat::cli
