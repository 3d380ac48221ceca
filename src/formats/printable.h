#pragma once

#include <string>
#include <string_view>

namespace carat::formats {

/// A name from a file as it may stand in a message: about the first 120 bytes, with control characters (those above
/// U+007F too) and bytes that are no UTF-8 as \xNN.
std::string printable(std::string_view name);

}  // namespace carat::formats
