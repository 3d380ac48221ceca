#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carat {

/// Insertion order kept. Include <nlohmann/json.hpp> only in .cc files.
using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t depth = 64;
  std::size_t members = 200'000;  ///< object members and array elements in total
  std::size_t digits = 64;        ///< characters of one number
};

/// Parses one JSON text (iterative; trailing text refused). A number that int64, uint64 and double cannot hold keeps its text:
/// see big_number_text. Errors: kCorrupt with line and column; kLimit naming the limit.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The digits of a number kept as text, or empty for every other value.
std::string_view big_number_text(const Json& value);

}  // namespace carat
