#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"

namespace carat::chat {

/// A JSON value that several owners read: arguments, tool results, declarations.
using JsonRef = std::shared_ptr<const Json>;

enum class PartKind { kText, kImage, kAudio, kVideo, kUnknown };

/// One element of list content. A picture or clip is only a position here; who has its bytes keeps them by
/// (message, part), see Segment.
struct Part {
  PartKind kind = PartKind::kText;
  std::optional<std::string> text;  ///< absent when the part had no "text"
};

/// Absent or null, text, parts, or (role "tool" only) a number or boolean.
using Content = std::variant<std::monostate, std::string, std::vector<Part>, JsonRef>;

struct ToolCall {
  std::string name;
  JsonRef arguments;              ///< an object; null pointer: none
  std::optional<std::string> id;  ///< tool messages name it in tool_call_id
};

/// A result in Google's own shape, carried by the message that made the call.
struct ToolResponse {
  std::string name;  ///< empty is printed as "unknown"
  JsonRef response;
};

struct Message {
  std::string role;  ///< system, developer, user, assistant, tool; any other is printed as it is
  Content content;
  std::string reasoning;  ///< the thought that led to it; templates decide whether history shows it
  std::vector<ToolCall> tool_calls;
  std::vector<ToolResponse> tool_responses;
  std::optional<std::string> name;          ///< of the tool, on role "tool"
  std::optional<std::string> tool_call_id;  ///< of the call that is answered, on role "tool"
};

struct RenderOptions {
  bool add_generation_prompt = false;
  bool enable_thinking = false;
  bool preserve_thinking = false;  ///< keep the thoughts of earlier messages that call tools
};

/// What a prompt is made of, whatever dialect it came from.
struct Request {
  std::vector<Message> messages;
  std::vector<JsonRef> tools;  ///< each {"type": "function", "function": {"name", "description", "parameters"}}
  RenderOptions options;
};

}  // namespace carat::chat
