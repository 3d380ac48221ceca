#include "cli/cache_options.h"

#include <CLI/App.hpp>

#include "cli/quantities.h"
#include "formats/packed/packed_file.h"

namespace carat::cli {

void add_cache_options(CLI::App& command, CacheOptions& options, const std::string& group) {
  command.add_flag("--no-cache", options.no_cache, "pack the weights in memory; neither use nor write a packed copy")
      ->group(group);
  command
      .add_option("--cache-min", options.min,
                  "pack models in memory whose packed weights are smaller than this; larger ones once, into a file")
      ->capture_default_str()
      ->type_name("SIZE")
      ->group(group);
}

store::PackCache pack_cache() {
  return {store::Environment::of_process(), [](const auto& path) { return formats::PackedFile::is_one(path); }};
}

Result<model::PackedCopy> look_for_copy(const model::Checkpoint& checkpoint, const CacheOptions& options) {
  ASSIGN_OR_RETURN(const std::uint64_t min_bytes, parse_bytes(options.min, "--cache-min"));
  if (options.no_cache) return model::PackedCopy();
  const std::filesystem::path model = checkpoint.source.home();
  model::PackedCopy::Options look{.places = {{.path = store::PackCache::beside(model)}},
                                  .min_bytes = static_cast<std::int64_t>(min_bytes)};
  if (const auto path = pack_cache().in_dir(model); !path.empty()) look.places.push_back({path, true});
  return model::PackedCopy::look(checkpoint, std::move(look));
}

}  // namespace carat::cli
