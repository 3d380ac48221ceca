#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "chat/message.h"

namespace carat::chat {

/// Reads {"messages", "tools", "add_generation_prompt", "enable_thinking", "preserve_thinking"}; all but the first may
/// be absent or null (none, false). Fields the templates do not know are ignored, as they ignore them.
///
/// Errors: kInvalidArgument naming the field ("messages[2].tool_calls[0].function.arguments") and what belongs there.
Result<Request> read_request(const Json& json);

/// The same from JSON text. Errors also: those of parse_json.
Result<Request> parse_request(std::string_view text);

}  // namespace carat::chat
