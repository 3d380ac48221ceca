#pragma once

#include <string_view>

#include "base/result.h"

namespace carat::formats {

/// Walks once through the text of a tokenizer.json and counts, before a parser makes memory of it: the parser takes
/// some twenty bytes for each value, so a file could otherwise ask for ten times its size. What breaks JSON's grammar
/// is left to the parser. Errors: kLimit naming what there is too much of (pieces, merges, added tokens, other values,
/// levels of nesting, bytes of one string).
Result<void> check_tokenizer_json_limits(std::string_view text, std::string_view where);

}  // namespace carat::formats
