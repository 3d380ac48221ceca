#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
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

/// Parses one JSON text (iterative; trailing text refused; of a repeated key the last value counts, as in Python).
/// Integers beyond int64 and uint64, and decimals of more than 17 digits that a double would change, keep their text:
/// see big_number_text. Errors: kCorrupt with line and column; kLimit naming the limit.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Empties a value without asking for memory. nlohmann's destructor asks for some as long as there are members (it
/// makes a list of them so as not to recurse), and a destructor that finds none ends the process.
void dismantle(Json& value);

/// A value that is shared, and dismantled in the end.
std::shared_ptr<const Json> share_json(Json value);

/// The digits of a number kept as text, or empty for every other value.
std::string_view big_number_text(const Json& value);

/// Any number as a double, kept text included (rounded); nullopt for what is no number.
/// Readers of decimals use this instead of is_number().
std::optional<double> json_double(const Json& value);

/// The value of one number literal of JSON's grammar, as parse_json would make it; nullopt for any other text and for
/// magnitudes a double cannot reach.
std::optional<Json> json_number(std::string_view literal);

/// JSON text of a value, kept numbers printed again as they were; invalid UTF-8 becomes U+FFFD. Compact, or with
/// `indent` blanks per level. Iterative.
std::string dump_json(const Json& value, int indent = -1);

}  // namespace carat
