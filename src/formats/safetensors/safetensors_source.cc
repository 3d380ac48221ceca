#include "formats/safetensors/safetensors_source.h"

#include <fmt/core.h>

#include <iterator>
#include <system_error>

#include "base/bad_alloc.h"
#include "formats/limits.h"
#include "formats/printable.h"
#include "formats/safetensors/shard_index.h"

namespace carat::formats {
namespace {

namespace fs = std::filesystem;

// The file of a folder without an index.
Result<fs::path> find_single_file(const fs::path& folder) {
  const fs::path usual = folder / "model.safetensors";
  std::error_code error;
  if (fs::exists(usual, error)) return usual;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".safetensors") found.push_back(it->path());
  }
  if (error) return io_error(fmt::format("{}: cannot list the folder: {}", folder.string(), error.message()));
  if (found.size() == 1) return found.front();
  return not_found(
      fmt::format("{}: holds {} *.safetensors files and neither model.safetensors nor {}; copy or download "
                  "the folder again",
                  folder.string(), found.size(), kShardIndexName));
}

}  // namespace

Result<SafetensorsSource> SafetensorsSource::from_parts(std::vector<SafetensorsPart> parts, std::string_view where) {
  SafetensorsSource source;
  source.parts_ = std::move(parts);
  for (SafetensorsPart& part : source.parts_) {
    auto& tensors = part.contents.tensors;
    std::move(tensors.begin(), tensors.end(), std::back_inserter(source.tensors_));
    tensors.clear();
  }
  ASSIGN_OR_RETURN(source.index_, TensorIndex::build(source.tensors_, where));
  return source;
}

Result<SafetensorsSource> SafetensorsSource::open(const fs::path& file) {
  return no_bad_alloc([&]() -> Result<SafetensorsSource> {
    std::vector<SafetensorsPart> parts;
    ASSIGN_OR_RETURN(SafetensorsPart part, SafetensorsPart::open(file));
    parts.push_back(std::move(part));
    return from_parts(std::move(parts), file.string());
  });
}

Result<SafetensorsSource> SafetensorsSource::open_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kShardIndexName, error)) {
    ASSIGN_OR_RETURN(const fs::path file, find_single_file(folder));
    return open(file);
  }
  ASSIGN_OR_RETURN(const ShardIndex index, read_shard_index(folder / kShardIndexName));
  std::vector<SafetensorsPart> parts;
  for (const std::string& shard : index.shards) {
    auto part = SafetensorsPart::open(folder / shard);
    if (!part) {
      return std::move(part).error().while_doing(fmt::format("opening a shard that {} names", kShardIndexName));
    }
    parts.push_back(std::move(part).value());
  }
  ASSIGN_OR_RETURN(SafetensorsSource source, from_parts(std::move(parts), folder.string()));
  for (const auto& [name, shard] : index.weights) {
    if (source.find(name) != nullptr) continue;
    return corrupt(fmt::format("{}: tensor {} is missing; {} says it is there, download the shard again",
                               (folder / shard).string(), printable(name), kShardIndexName));
  }
  return source;
}

std::vector<fs::path> SafetensorsSource::paths() const {
  std::vector<fs::path> paths;
  for (const SafetensorsPart& part : parts_) paths.push_back(part.file.path());
  return paths;
}

std::vector<FileIdentity> SafetensorsSource::identities() const {
  std::vector<FileIdentity> identities;
  for (const SafetensorsPart& part : parts_) identities.push_back(part.file.identity());
  return identities;
}

}  // namespace carat::formats
