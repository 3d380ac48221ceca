#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace carat::model {

/// Typed reading of a config's JSON object; every error names file, object and key. A key that is null counts as
/// missing. Views an object that must outlive it.
class JsonFields {
 public:
  /// `where` is the head of every message: "path/config.json", or "path/config.json: text_config".
  /// REQUIRES: `object` is a JSON object.
  JsonFields(const Json& object, std::string where);

  const std::string& where() const { return where_; }
  const Json& json() const { return object_; }
  /// There and not null.
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// There, perhaps null.
  bool mentions(std::string_view key) const;

  Result<std::int64_t> get_int(std::string_view key, std::int64_t min, std::int64_t max) const;
  Result<std::int64_t> get_int_or(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t absent) const;
  /// Finite.
  Result<double> get_number(std::string_view key) const;
  Result<bool> get_bool_or(std::string_view key, bool absent) const;
  Result<std::string> get_string(std::string_view key) const;
  Result<std::vector<std::string>> get_strings(std::string_view key) const;
  /// One token id or an array of them, each below `vocab_size`; empty when missing.
  Result<std::vector<std::int64_t>> get_ids_or_none(std::string_view key, std::int64_t vocab_size) const;
  Result<JsonFields> get_object(std::string_view key) const;

  /// "<where>: <key> is missing; ..."
  Error missing(std::string_view key) const;
  Error wrong(std::string_view key, std::string_view expected) const;

 private:
  const Json* find(std::string_view key) const;

  const Json& object_;
  std::string where_;
};

}  // namespace carat::model
