#include "model/json_fields.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "formats/printable.h"

namespace carat::model {
namespace {

std::optional<std::int64_t> as_int(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return std::nullopt;
}

std::string shown(const Json& value) {
  std::string text = dump_json(value);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return formats::printable(text);  // JSON leaves DEL and C1 controls as they are
}

}  // namespace

JsonFields::JsonFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  CARAT_CHECK(object_.is_object());
}

const Json* JsonFields::find(std::string_view key) const {
  const auto it = object_.find(std::string(key));
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

bool JsonFields::mentions(std::string_view key) const { return object_.find(std::string(key)) != object_.end(); }

Error JsonFields::missing(std::string_view key) const {
  return corrupt(
      fmt::format("{}: {} is missing; carat takes no defaults, use the config published with the model", where_, key));
}

Error JsonFields::wrong(std::string_view key, std::string_view expected) const {
  const Json* value = find(key);
  return corrupt(fmt::format("{}: {} is {}; {} was expected", where_, key, value ? shown(*value) : "null", expected));
}

Result<std::int64_t> JsonFields::get_int(std::string_view key, std::int64_t min, std::int64_t max) const {
  const Json* value = find(key);
  if (value == nullptr) return missing(key);
  const auto number = as_int(*value);
  if (!number || *number < min || *number > max) return wrong(key, fmt::format("an integer from {} to {}", min, max));
  return *number;
}

Result<std::int64_t> JsonFields::get_int_or(std::string_view key, std::int64_t min, std::int64_t max,
                                            std::int64_t absent) const {
  if (!has(key)) return absent;
  return get_int(key, min, max);
}

Result<double> JsonFields::get_number(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return missing(key);
  const auto number = json_double(*value);
  if (!number || !std::isfinite(*number)) return wrong(key, "a number");
  return *number;
}

Result<bool> JsonFields::get_bool_or(std::string_view key, bool absent) const {
  const Json* value = find(key);
  if (value == nullptr) return absent;
  if (!value->is_boolean()) return wrong(key, "true or false");
  return value->get<bool>();
}

Result<std::string> JsonFields::get_string(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return missing(key);
  if (!value->is_string()) return wrong(key, "a string");
  return value->get<std::string>();
}

Result<std::vector<std::string>> JsonFields::get_strings(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return missing(key);
  if (!value->is_array()) return wrong(key, "an array of strings");
  std::vector<std::string> strings;
  for (const Json& element : *value) {
    if (!element.is_string()) return wrong(key, "an array of strings");
    strings.push_back(element.get<std::string>());
  }
  return strings;
}

Result<std::vector<std::int64_t>> JsonFields::get_ids_or_none(std::string_view key, std::int64_t vocab_size) const {
  std::vector<std::int64_t> ids;
  const Json* value = find(key);
  if (value == nullptr) return ids;
  const auto add = [&](const Json& element) {
    const auto number = as_int(element);
    if (!number || *number < 0 || *number >= vocab_size) return false;
    ids.push_back(*number);
    return true;
  };
  const auto wrong_ids = [&] {
    return wrong(key, fmt::format("a token id from 0 to {} or an array of them", vocab_size - 1));
  };
  if (!value->is_array()) {
    if (!add(*value)) return wrong_ids();
    return ids;
  }
  for (const Json& element : *value) {
    if (!add(element)) return wrong_ids();
  }
  return ids;
}

Result<JsonFields> JsonFields::get_object(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return missing(key);
  if (!value->is_object()) return wrong(key, "an object");
  return JsonFields(*value, fmt::format("{}: {}", where_, key));
}

}  // namespace carat::model
