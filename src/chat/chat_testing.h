#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "chat/render.h"

namespace carat::chat::testing {

/// tests/golden/chat/chat-examples.json
Json examples();

/// The prompt's text, or "error: …".
std::string rendered(ChatFormat format, const Json& request);
std::string rendered_from(ChatFormat format, std::string_view request_json);

}  // namespace carat::chat::testing
