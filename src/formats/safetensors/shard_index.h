#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carat::formats {

inline constexpr std::string_view kShardIndexName = "model.safetensors.index.json";

/// model.safetensors.index.json: which tensor lies in which file.
struct ShardIndex {
  std::vector<std::pair<std::string, std::string>> weights;  ///< tensor name, file name; in the file's order
  std::vector<std::string> shards;                           ///< file names, sorted, each once
};

/// Errors: kCorrupt for a file without a weight_map of plain file names (no folders); kLimit for too many shards.
Result<ShardIndex> read_shard_index(const std::filesystem::path& path);

}  // namespace carat::formats
