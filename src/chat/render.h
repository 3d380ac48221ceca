#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "chat/message.h"
#include "chat/prompt.h"

namespace carat::chat {

/// The chat formats carat writes natively; a model's embedded template is not used.
enum class ChatFormat {
  kGemma4Small,  ///< E2B, E4B
  kGemma4Large,  ///< 12B, 26B-A4B, 31B
  kGemma3,
};

/// "gemma4-small", "gemma4-large", "gemma3", and back.
std::string_view to_string(ChatFormat format);
std::optional<ChatFormat> chat_format(std::string_view name);

/// Messages to a prompt of typed segments:
///
///     ASSIGN_OR_RETURN(Request request, parse_request(json_text));
///     ASSIGN_OR_RETURN(Prompt prompt, render(ChatFormat::kGemma4Small, request));
///     ASSIGN_OR_RETURN(auto ids, encode(prompt, tokenizer));
///
/// Errors: see render_gemma4 and render_gemma3; kLimit when the request is larger than chat/limits.h allows.
Result<Prompt> render(ChatFormat format, const Request& request);

}  // namespace carat::chat
