#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/term/completion.h"

namespace carat::cli {

/// What can be typed at the prompt of carat chat beside messages. A new one goes here, into slash_commands.cc's table
/// and into ChatLoop::run_command.
enum class Slash : std::uint8_t {
  kHelp,
  kThink,
  kThoughts,
  kSystem,
  kFile,
  kRetry,
  kEdit,
  kStats,
  kSave,
  kLoad,
  kList,
  kNew,
  kExport,
  kBye,
};

struct SlashCommand {
  Slash id;
  std::string_view name;      ///< with its slash
  std::string_view argument;  ///< as /help shows it, "[on|off]"; empty: none is taken
  std::string_view help;
};

/// In the order of /help.
std::span<const SlashCommand> slash_commands();

/// A line that is a command: which, and what stands behind it without outer blanks.
struct SlashLine {
  Slash id;
  std::string argument;
};

/// Nothing when the line is a message: it does not begin with a slash, or with two (the message then begins with one:
/// see message_of), its first word is a path ("/etc/hosts is …"), or it has several lines. Errors: kInvalidArgument for
/// an unknown command, suggesting near misses, and for words behind a command that takes none.
Result<std::optional<SlashLine>> parse_slash(std::string_view line);

/// The message that such a line is.
std::string message_of(std::string line);
/// The line that such a message is typed as.
std::string as_typed(std::string message);

/// Completes a command, and behind /file and /export a path, behind /load one of `chats`, behind /think its words.
Completion complete_slash(std::string_view before_cursor, std::span<const std::string> chats, std::string_view home);

}  // namespace carat::cli
