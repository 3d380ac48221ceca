#pragma once

#include "base/result.h"
#include "chat/message.h"
#include "chat/prompt.h"

namespace carat::chat {

/// The two official templates differ only here: after a prompt with thinking off, 12B, 26B-A4B and 31B expect a closed,
/// empty thought; E2B and E4B must not get one.
enum class EmptyThought { kNo, kYes };

/// Google's canonical Gemma 4 template of 2026-07-09 ("r4", spec/tokenizer-and-chat.md 2.1 to 2.9), byte for byte what
/// Jinja2 on Python makes of it, its known defects included.
///
/// Errors: kInvalidArgument naming the message and field where the template itself fails.
Result<Prompt> render_gemma4(const Request& request, EmptyThought empty_thought);

}  // namespace carat::chat
