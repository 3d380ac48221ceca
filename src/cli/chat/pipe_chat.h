#pragma once

#include "base/result.h"
#include "cli/chat/chat_log.h"
#include "cli/chat/conversation.h"

namespace carat::cli {

/// A chat without a person: every line of stdin is a message (a line of blanks is none), its answer goes to stdout
/// before the next line is read; as text with an empty line between answers, or as the JSON lines of `carat ask`.
/// Lines are messages whatever they begin with: data in a pipe commands nothing. Errors: the first that an answer
/// meets.
Result<void> pipe_chat(Conversation& conversation, ChatLog& log, bool json_lines);

}  // namespace carat::cli
