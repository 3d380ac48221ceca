#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/data_dir.h"

namespace carat::store {

/// Where the packed copies of models are (docs/formats/packed.md): beside the model, or where its folder cannot be
/// written in the cache directory. The cache directory also holds a link to each copy beside a model, so that all of
/// them can be listed, removed and bounded in total.
///
///     const PackCache cache(Environment::of_process(), is_packed_file);
///     for (const fs::path& path : cache.places("models/gemma.gguf")) ...
class PackCache {
 public:
  /// How a copy's name ends.
  static constexpr std::string_view kSuffix = ".carat-packed";
  /// Most bytes of all copies together; the ones not used for the longest time go first.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 30;

  struct Entry {
    std::filesystem::path path;  ///< the copy itself
    std::uint64_t n_bytes = 0;
    std::int64_t last_used = 0;  ///< seconds since 1970
  };

  /// `is_copy` looks into a file: nothing else is ever removed. Creates nothing.
  PackCache(const Environment& environment, std::function<bool(const std::filesystem::path&)> is_copy);

  /// $XDG_CACHE_HOME/carat/packed, else ~/.cache/carat/packed; empty without any home folder.
  const std::filesystem::path& dir() const { return dir_; }

  /// Beside a model file, or inside a model folder.
  static std::filesystem::path beside(const std::filesystem::path& model);
  /// In the cache directory, by a name made of the model's absolute path; empty without such a directory.
  std::filesystem::path in_dir(const std::filesystem::path& model) const;

  /// After a copy was written: links to it, if it is not in the cache directory. Best effort.
  void remember(const std::filesystem::path& copy, const std::filesystem::path& model) const;
  /// After a copy was used: its time of modification is when it was used last. Best effort.
  static void touch(const std::filesystem::path& copy);

  /// Size and last use of a file that is a copy; nothing where there is none.
  static std::optional<Entry> look_at(const std::filesystem::path& copy);

  /// All copies in or linked from the cache directory, the last used first. Links to copies that are gone and what dead
  /// processes left are removed on the way.
  std::vector<Entry> list() const;
  /// Errors: kIo when it cannot be removed.
  Result<void> remove(const Entry& entry) const;
  /// Removes the copies used longest ago, but never `keep`, until all together take at most max_bytes.
  std::vector<Entry> trim(std::uint64_t max_bytes, const std::filesystem::path& keep) const;

 private:
  std::filesystem::path dir_;
  std::function<bool(const std::filesystem::path&)> is_copy_;
};

}  // namespace carat::store
