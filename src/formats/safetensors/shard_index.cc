#include "formats/safetensors/shard_index.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "formats/limits.h"
#include "formats/printable.h"

namespace carat::formats {
namespace {

constexpr std::size_t kMaxIndexMembers = 1'000;  // besides the tensors

}  // namespace

Result<ShardIndex> read_shard_index(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxIndexBytes));
  auto parsed = parse_json(text, {.members = kMaxTensors + kMaxIndexMembers});
  if (!parsed) return std::move(parsed).error().while_doing(fmt::format("reading {}", path.string()));
  const std::shared_ptr<const Json> json = share_json(*std::move(parsed));
  const Json& root = *json;
  const auto map = root.is_object() ? root.find("weight_map") : root.end();
  if (!root.is_object() || map == root.end() || !map->is_object() || map->empty()) {
    return corrupt(fmt::format("{}: has no weight_map; copy or download the file again", path.string()));
  }
  ShardIndex index;
  for (const auto& [name, file] : map->items()) {
    const std::string* shard = file.get_ptr<const Json::string_t*>();
    // A name with a folder in it could reach outside of the model.
    if (shard == nullptr || shard->empty() || shard->find('/') != std::string::npos || *shard == "." ||
        *shard == ".." || printable(*shard) != *shard) {
      return corrupt(fmt::format("{}: the file of tensor {} is not a plain file name", path.string(), printable(name)));
    }
    index.weights.emplace_back(name, *shard);
    index.shards.push_back(*shard);
  }
  std::sort(index.shards.begin(), index.shards.end());
  index.shards.erase(std::unique(index.shards.begin(), index.shards.end()), index.shards.end());
  if (index.shards.size() > kMaxParts) {
    return limit_exceeded(
        fmt::format("{}: names {} shards; at most {} are allowed", path.string(), index.shards.size(), kMaxParts));
  }
  return index;
}

}  // namespace carat::formats
