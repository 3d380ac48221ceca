#pragma once

#include <string>
#include <string_view>

namespace carat::formats {

/// A name from a file as it may stand in a message: at most 120 bytes, anything but printable ASCII and valid UTF-8
/// beyond it as \xNN.
std::string printable(std::string_view name);

}  // namespace carat::formats
