#pragma once

#include "base/result.h"
#include "chat/message.h"
#include "chat/prompt.h"

namespace carat::chat {

/// Gemma 3's published template (spec/tokenizer-and-chat.md 2.12).
///
/// Errors: kInvalidArgument when roles do not alternate beginning with user, or a message has no content;
/// kUnsupported for tools and thinking, which the format does not have.
Result<Prompt> render_gemma3(const Request& request);

}  // namespace carat::chat
