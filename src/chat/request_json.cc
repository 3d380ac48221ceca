#include "chat/request_json.h"

#include <nlohmann/json.hpp>

#include "base/bad_alloc.h"

namespace carat::chat {
namespace {

/// Where in the request we are, "messages[3].content[0]".
class Path {
 public:
  explicit Path(std::string text) : text_(std::move(text)) {}
  Path operator[](std::size_t i) const { return Path(text_ + "[" + std::to_string(i) + "]"); }
  Path operator/(std::string_view key) const { return Path(text_ + "." + std::string(key)); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string_view type_of(const Json& value) { return big_number_text(value).empty() ? value.type_name() : "number"; }

Error expected(const Path& path, std::string_view what, const Json& found) {
  return invalid_argument("request: " + path.text() + ": expected " + std::string(what) + ", found " +
                          std::string(type_of(found)));
}

/// object[key] unless absent or null. REQUIRES: `object` is an object.
const Json* field(const Json& object, std::string_view key) {
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

JsonRef share(const Json& value) { return share_json(value); }

Result<bool> read_flag(const Json& object, std::string_view key) {
  const Json* value = field(object, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return expected(Path(std::string(key)), "true or false", *value);
  return value->get<bool>();
}

Result<std::optional<std::string>> read_optional_string(const Json& object, std::string_view key, const Path& path) {
  const Json* value = field(object, key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return expected(path / key, "a string", *value);
  return std::optional(value->get<std::string>());
}

Result<std::string> read_string(const Json& object, std::string_view key, const Path& path) {
  ASSIGN_OR_RETURN(std::optional<std::string> text, read_optional_string(object, key, path));
  if (!text) return invalid_argument("request: " + path.text() + ": \"" + std::string(key) + "\" is missing");
  return *std::move(text);
}

/// A list of objects, or an empty one when absent; `read` is called with each and its path.
template <typename T, typename Read>
Result<std::vector<T>> read_list(const Json& object, std::string_view key, const Path& path, Read read) {
  std::vector<T> list;
  const Json* values = field(object, key);
  if (values == nullptr) return list;
  if (!values->is_array()) return expected(path, "a list", *values);
  for (std::size_t i = 0; i < values->size(); ++i) {
    const Json& value = (*values)[i];
    if (!value.is_object()) return expected(path[i], "an object", value);
    ASSIGN_OR_RETURN(T item, read(value, path[i]));
    list.push_back(std::move(item));
  }
  return list;
}

PartKind part_kind(std::string_view type) {
  if (type == "text") return PartKind::kText;
  if (type == "image" || type == "image_url") return PartKind::kImage;
  if (type == "audio" || type == "input_audio") return PartKind::kAudio;
  if (type == "video") return PartKind::kVideo;
  return PartKind::kUnknown;
}

Result<Part> read_part(const Json& json, const Path& path) {
  ASSIGN_OR_RETURN(const std::optional<std::string> type, read_optional_string(json, "type", path));
  Part part;
  part.kind = part_kind(type.value_or(""));
  ASSIGN_OR_RETURN(part.text, read_optional_string(json, "text", path));
  return part;
}

Result<Content> read_content(const Json& message, std::string_view role, const Path& path) {
  const Json* content = field(message, "content");
  if (content == nullptr) return Content();
  if (content->is_string()) return Content(content->get<std::string>());
  if (content->is_array()) {
    ASSIGN_OR_RETURN(std::vector<Part> parts, read_list<Part>(message, "content", path / "content", read_part));
    return Content(std::move(parts));
  }
  if (role == "tool" && !content->is_object()) return Content(share(*content));
  return expected(path / "content",
                  role == "tool" ? "text, a list of parts, a number, a boolean or null (an object "
                                   "must be passed as JSON text, or in \"tool_responses\")"
                                 : "text, a list of parts or null",
                  *content);
}

Result<ToolCall> read_tool_call(const Json& json, const Path& path) {
  const Json* function = field(json, "function");
  if (function == nullptr) return invalid_argument("request: " + path.text() + ": \"function\" is missing");
  const Path at = path / "function";
  if (!function->is_object()) return expected(at, "an object", *function);
  ToolCall call;
  ASSIGN_OR_RETURN(call.id, read_optional_string(json, "id", path));
  ASSIGN_OR_RETURN(call.name, read_string(*function, "name", at));
  if (const Json* arguments = field(*function, "arguments"); arguments != nullptr) {
    if (arguments->is_string()) {
      return invalid_argument("request: " + (at / "arguments").text() +
                              ": must be a JSON object, not a string; parse the string before passing it on");
    }
    if (!arguments->is_object()) return expected(at / "arguments", "an object or null", *arguments);
    call.arguments = share(*arguments);
  }
  return call;
}

Result<ToolResponse> read_tool_response(const Json& json, const Path& path) {
  ToolResponse response;
  ASSIGN_OR_RETURN(const std::optional<std::string> name, read_optional_string(json, "name", path));
  response.name = name.value_or("");
  const auto at = json.find("response");
  if (at != json.end()) response.response = share(*at);  // null is a value here, absent prints as an empty list
  return response;
}

Result<Message> read_message(const Json& json, const Path& path) {
  Message message;
  ASSIGN_OR_RETURN(message.role, read_string(json, "role", path));
  ASSIGN_OR_RETURN(message.content, read_content(json, message.role, path));
  // The first that is not empty counts.
  for (const char* key : {"reasoning", "reasoning_content"}) {
    ASSIGN_OR_RETURN(const std::optional<std::string> text, read_optional_string(json, key, path));
    if (message.reasoning.empty()) message.reasoning = text.value_or("");
  }
  ASSIGN_OR_RETURN(message.tool_calls, read_list<ToolCall>(json, "tool_calls", path / "tool_calls", read_tool_call));
  ASSIGN_OR_RETURN(message.tool_responses,
                   read_list<ToolResponse>(json, "tool_responses", path / "tool_responses", read_tool_response));
  ASSIGN_OR_RETURN(message.name, read_optional_string(json, "name", path));
  ASSIGN_OR_RETURN(message.tool_call_id, read_optional_string(json, "tool_call_id", path));
  return message;
}

}  // namespace

Result<Request> read_request(const Json& json) {
  return no_bad_alloc([&]() -> Result<Request> {
    if (!json.is_object()) {
      return invalid_argument("request: expected an object {\"messages\": […], …}, found " +
                              std::string(type_of(json)));
    }
    if (field(json, "messages") == nullptr) {
      return invalid_argument("request: \"messages\" is missing; it is a list of {\"role\": …, \"content\": …}");
    }
    Request request;
    ASSIGN_OR_RETURN(request.messages, read_list<Message>(json, "messages", Path("messages"), read_message));
    ASSIGN_OR_RETURN(request.tools,
                     read_list<JsonRef>(json, "tools", Path("tools"),
                                        [](const Json& tool, const Path&) -> Result<JsonRef> { return share(tool); }));
    ASSIGN_OR_RETURN(request.options.add_generation_prompt, read_flag(json, "add_generation_prompt"));
    ASSIGN_OR_RETURN(request.options.enable_thinking, read_flag(json, "enable_thinking"));
    ASSIGN_OR_RETURN(request.options.preserve_thinking, read_flag(json, "preserve_thinking"));
    return request;
  });
}

Result<Request> parse_request(std::string_view text) {
  return no_bad_alloc([&]() -> Result<Request> {
    ASSIGN_OR_RETURN(Json parsed, parse_json(text));
    const JsonRef json = share_json(std::move(parsed));
    return read_request(*json);
  });
}

}  // namespace carat::chat
