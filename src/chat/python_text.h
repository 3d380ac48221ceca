#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

/// Text as the official templates' engine (Jinja2 on Python 3) makes it: the models were trained on it.
namespace carat::chat {

/// repr of an int or float: 1.0, 1e+20, 1e-07, integers in full. REQUIRES: a number, or kept number text.
std::string python_number(const Json& number);

/// str() of any JSON value: None, True, ['a', 1], {'k': 'v'}; a string is itself. Values nested deeper than kMaxDepth
/// end in "...".
std::string python_str(const Json& value);

/// str.strip(): without the outer characters that Python calls white space.
std::string_view strip(std::string_view text);

/// str.upper() and str.lower(), for sorting keys and naming types: a letter whose upper case is several (ß) stays, and
/// a capital sigma is not final anywhere.
std::string upper(std::string_view text);
std::string lower(std::string_view text);

}  // namespace carat::chat
