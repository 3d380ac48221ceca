#include "chat/declaration.h"

#include <nlohmann/json.hpp>

#include "chat/limits.h"
#include "chat/python_text.h"
#include "chat/values.h"

namespace carat::chat {
namespace {

/// "," before every item but the first of one `{…}`.
class Commas {
 public:
  explicit Commas(PromptBuilder& out) : out_(out) {}
  void next() {
    if (!first_) out_.text(",");
    first_ = false;
  }

 private:
  PromptBuilder& out_;
  bool first_ = true;
};

/// `[` a list of quoted strings `]`. What is no list is refused: Python would print the letters of a string one by one.
Result<void> write_string_list(PromptBuilder& out, const Json& list, std::string_view what) {
  if (!list.is_array()) {
    return invalid_argument("chat: tools: " + std::string(what) + " must be a list of names, found " +
                            std::string(list.type_name()));
  }
  out.text("[");
  Commas commas(out);
  for (const Json& item : list) {
    commas.next();
    write_string(out, python_str(item));
  }
  out.text("]");
  return {};
}

Result<void> write_properties(PromptBuilder& out, const Json& properties, bool skip_standard_keys, int depth);

/// items:{…}: the known keys in schema form, every other one as a plain value. REQUIRES: `items` is an object.
Result<void> write_items(PromptBuilder& out, const Json& items, int depth) {
  out.text("items:{");
  Commas commas(out);
  for (const auto& [key, value] : sorted_members(items)) {
    if (value->is_null()) continue;
    commas.next();
    out.text(key).text(":");
    if (key == "properties") {
      out.text("{");
      if (value->is_object()) RETURN_IF_ERROR(write_properties(out, *value, false, depth + 1));
      out.text("}");
    } else if (key == "required") {
      RETURN_IF_ERROR(write_string_list(out, *value, "items.required"));
    } else if (key == "type" && value->is_string()) {
      write_string(out, print_upper(value));
    } else if (key == "type") {
      if (!value->is_array()) {
        return invalid_argument("chat: tools: items.type must be a string or a list of strings, found " +
                                std::string(value->type_name()));
      }
      Json types = Json::array();
      for (const Json& type : *value) types.push_back(print_upper(&type));
      RETURN_IF_ERROR(write_value(out, &types, Keys::kQuoted));
    } else {
      RETURN_IF_ERROR(write_value(out, value, Keys::kQuoted));
    }
  }
  out.text("}");
  return {};
}

/// {description,enum|items,nullable,properties,required,type} of one property, in this order, each if it applies.
Result<void> write_schema(PromptBuilder& out, const Json* schema, int depth) {
  out.text("{");
  Commas commas(out);
  const std::string type = print_upper(member(schema, "type"));

  if (const Json* description = member(schema, "description"); truthy(description)) {
    commas.next();
    out.text("description:");
    write_string(out, print(description));
  }
  if (type == "STRING") {
    if (const Json* values = member(schema, "enum"); truthy(values)) {
      commas.next();
      out.text("enum:");
      RETURN_IF_ERROR(write_value(out, values, Keys::kQuoted));
    }
  } else if (type == "ARRAY") {
    if (const Json* items = member(schema, "items"); items != nullptr && items->is_object() && !items->empty()) {
      commas.next();
      RETURN_IF_ERROR(write_items(out, *items, depth));
    }
  }
  if (truthy(member(schema, "nullable"))) {
    commas.next();
    out.text("nullable:true");
  }
  if (type == "OBJECT") {
    const Json* properties = member(schema, "properties");
    const bool declared = properties != nullptr && properties->is_object();
    commas.next();
    out.text("properties:{");
    // Without a mapping of properties the template takes the schema's own other keys for them.
    RETURN_IF_ERROR(write_properties(out, declared ? *properties : *schema, !declared, depth + 1));
    out.text("}");
    if (const Json* required = member(schema, "required"); truthy(required)) {
      commas.next();
      out.text("required:");
      RETURN_IF_ERROR(write_string_list(out, *required, "required"));
    }
  }
  commas.next();
  out.text("type:");
  write_string(out, type);
  out.text("}");
  return {};
}

bool is_standard_key(std::string_view key) {
  return key == "description" || key == "type" || key == "properties" || key == "required" || key == "nullable";
}

/// key:{…},… REQUIRES: `properties` is an object.
Result<void> write_properties(PromptBuilder& out, const Json& properties, bool skip_standard_keys, int depth) {
  if (depth > kMaxDepth) {
    return limit_exceeded("chat: tools: a schema is nested deeper than " + std::to_string(kMaxDepth) +
                          " levels, the limit");
  }
  Commas commas(out);
  for (const auto& [key, schema] : sorted_members(properties)) {
    if (skip_standard_keys && is_standard_key(key)) continue;
    commas.next();
    out.text(key).text(":");
    RETURN_IF_ERROR(write_schema(out, schema, depth));
  }
  return {};
}

Result<void> write_parameters(PromptBuilder& out, const Json* parameters) {
  out.text(",parameters:{");
  if (const Json* properties = member(parameters, "properties"); truthy(properties)) {
    if (!properties->is_object()) {
      return invalid_argument("chat: tools: parameters.properties must be an object, found " +
                              std::string(properties->type_name()));
    }
    out.text("properties:{");
    RETURN_IF_ERROR(write_properties(out, *properties, false, 0));
    out.text("},");
  }
  if (const Json* required = member(parameters, "required"); truthy(required)) {
    out.text("required:");
    RETURN_IF_ERROR(write_string_list(out, *required, "parameters.required"));
    out.text(",");
  }
  if (const Json* type = member(parameters, "type"); truthy(type)) {
    out.text("type:");
    write_string(out, print_upper(type));
    out.text("}");
  }
  return {};
}

void write_response(PromptBuilder& out, const Json* response) {
  out.text(",response:{");
  if (const Json* description = member(response, "description"); truthy(description)) {
    out.text("description:");
    write_string(out, print(description));
    out.text(",");
  }
  if (const std::string type = print_upper(member(response, "type")); type == "OBJECT") {
    out.text("type:");
    write_string(out, type);
    out.text("}");
  }
}

}  // namespace

Result<void> write_declaration(PromptBuilder& out, const Json& tool) {
  const Json* function = member(&tool, "function");
  if (function == nullptr || !function->is_object()) {
    return invalid_argument(
        "chat: a tool needs a \"function\" object: {\"type\": \"function\", \"function\": {\"name\": …}}");
  }
  out.text("declaration:").text(print(member(function, "name"))).text("{description:");
  write_string(out, print(member(function, "description")));
  if (const Json* parameters = member(function, "parameters"); truthy(parameters)) {
    RETURN_IF_ERROR(write_parameters(out, parameters));
  }
  if (function->contains("response")) write_response(out, member(function, "response"));
  out.text("}");
  return {};
}

}  // namespace carat::chat
