#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/message.h"

namespace carat::chat {

/// In a call body, the control tokens that carry structure stand as bytes that valid UTF-8 never has; so a quote token
/// and a text that spells <|"|> stay two things.
inline constexpr char kQuoteMark = '\xff';      ///< <|"|>
inline constexpr char kCallCloseMark = '\xfe';  ///< <tool_call|> inside an open string

/// What stands between <|tool_call> and <tool_call|>: `call:` name `{` pairs `}`, with values as in
/// spec/tokenizer-and-chat.md 2.5. Liberal in what it takes (3.2): blanks; bare or quoted keys; `=` for `:`; `(…)` for
/// the outer braces; None, True, False; JSON's and Python's quotes; unquoted words, kept as strings; at the end of the
/// text, missing braces and a missing closing quote. Strings are coerced to number, boolean or null only where
/// `parameters` (the declared JSON schema, null pointer: none) says so, and an unquoted number declared a string keeps
/// its text.
///
/// Errors: kInvalidArgument when there is no name or the pairs make no sense, kLimit when nested deeper than kMaxDepth
/// or more than kMaxMembers keys stand in one object.
Result<ToolCall> parse_call_body(std::string_view body, const Json* parameters = nullptr);

/// The name in a call body, to look its declaration up; empty if there is none.
std::string call_name(std::string_view body);

/// The body with the marks written as the control strings they stand for.
std::string readable_body(std::string_view body);

}  // namespace carat::chat
