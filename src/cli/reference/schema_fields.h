#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carat::cli {

/// One field of a JSON Schema, for people.
struct SchemaField {
  std::string path;  ///< "layers[].head_dim"
  std::string type;  ///< "integer", "string or null"
  std::string help;
};

/// Every field of an object schema in order, nested ones after their parent. "oneOf" alternatives follow each other.
/// REQUIRES: `schema` is JSON.
std::vector<SchemaField> schema_fields(std::string_view schema);

/// The schema's own description: what is printed, and how often.
std::string schema_description(std::string_view schema);

}  // namespace carat::cli
