#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carat::formats {

/// One entry of a header, of the right JSON types; nothing about its numbers is checked.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< data_offsets, begin <= end
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< in the header's order
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON of a header by events, so that no text makes it hold more than the entries it returns: a limit ends
/// the reading where it is met. Errors name `where` and, inside an entry, the tensor: kCorrupt, kLimit.
Result<SafetensorsHeader> read_safetensors_header(std::string_view text, std::string_view where);

}  // namespace carat::formats
