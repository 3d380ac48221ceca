#pragma once

#include <optional>
#include <string_view>

namespace carat::store {

/// The stem of a part of a split GGUF file: NAME-00002-of-00003, five digits each.
struct SplitName {
  std::string_view name;   ///< NAME
  std::string_view part;   ///< "00002"
  std::string_view total;  ///< "00003"
};

/// Views into `stem`; nothing for a file that is no part.
std::optional<SplitName> split_name(std::string_view stem);

}  // namespace carat::store
