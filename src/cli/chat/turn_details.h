#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/chat_log.h"
#include "cli/chat/conversation.h"

namespace carat::cli {

/// What a chat keeps about a turn beside its text: JSON, docs/formats/chats.md has the members.

/// Adds an answer behind the first `n_before` turns, with model, how it was chosen, counts, times, why it ended; not
/// one of which nothing came.
void keep_answer(ChatLog& log, std::size_t n_before, const ConversationOptions& options, std::uint32_t choice,
                 const ConversationAnswer& answer);

/// Of a message: which files stand before what was typed.
std::string message_details(const std::vector<std::string>& file_names, std::size_t n_typed_bytes);

/// A message's content as it was made: the quoted files, and what was typed behind them.
struct MessageParts {
  std::vector<std::string> file_names;
  std::string_view files;  ///< views into the turn
  std::string_view typed;
};
MessageParts message_parts(const ChatTurn& turn);

/// Whether an answer was stopped before its end.
bool was_stopped(const ChatTurn& turn);

}  // namespace carat::cli
