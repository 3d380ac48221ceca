#include "cli/reference/schema_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/json.h"

namespace carat::cli {
namespace {

std::string type_of(const Json& schema) {
  if (schema.contains("enum")) {
    std::vector<std::string> values;
    for (const Json& value : schema["enum"]) values.push_back(value.dump());
    return fmt::format("{}", fmt::join(values, ", "));
  }
  if (schema.contains("const")) return schema["const"].dump();
  if (!schema.contains("type")) return "any";
  if (schema["type"].is_string()) return schema["type"];
  std::vector<std::string> types;
  for (const Json& type : schema["type"]) types.push_back(type);
  return fmt::format("{}", fmt::join(types, " or "));
}

void add_fields(const Json& schema, const std::string& prefix, std::vector<SchemaField>& out) {
  if (schema.contains("oneOf")) {
    for (const Json& alternative : schema["oneOf"]) add_fields(alternative, prefix, out);
  }
  if (schema.contains("items")) return add_fields(schema["items"], prefix + "[]", out);
  if (!schema.contains("properties")) return;
  for (const auto& [name, property] : schema["properties"].items()) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    out.push_back({path, type_of(property), property.value("description", "")});
    add_fields(property, path, out);
  }
}

Json parsed(std::string_view schema) {
  auto json = parse_json(schema);
  CARAT_CHECK(json.has_value());  // a page of the program itself
  return *std::move(json);
}

}  // namespace

std::vector<SchemaField> schema_fields(std::string_view schema) {
  std::vector<SchemaField> fields;
  add_fields(parsed(schema), "", fields);
  return fields;
}

std::string schema_description(std::string_view schema) { return parsed(schema).value("description", ""); }

}  // namespace carat::cli
