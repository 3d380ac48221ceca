#pragma once

#include "base/json.h"
#include "base/result.h"
#include "chat/prompt.h"

namespace carat::chat {

/// declaration:NAME{description:…,parameters:{…},response:{…}} of one tool, as the official template prints it, defects
/// included (spec/tokenizer-and-chat.md 2.6): anyOf, const, minimum and the like are dropped, a schema without a type
/// leaves its brace open. Normalising a schema is a step before this one.
///
/// Errors: kInvalidArgument where the template itself fails (no "function" object, a list where a mapping of properties
/// must stand, …); kLimit when nested too deep.
Result<void> write_declaration(PromptBuilder& out, const Json& tool);

}  // namespace carat::chat
