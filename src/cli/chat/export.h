#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "cli/chat/chat_log.h"

namespace carat::cli {

/// A chat as a document to read: "## User" and "## Assistant" sections, thoughts as quotes.
std::string chat_as_markdown(const ChatLog& log);

/// A chat as data: {"model", "system", "think", "messages": [{"role", "content", "reasoning"?, "details"?}]}; `carat
/// render` reads the messages.
std::string chat_as_json(const ChatLog& log);

/// Writes one of the two, as the name ends, to a new file of mode 0600. Errors: kInvalidArgument for another ending,
/// for a file that is there already and for an empty chat; kIo.
Result<void> export_chat(const ChatLog& log, const std::string& path);

}  // namespace carat::cli
