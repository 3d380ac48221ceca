#include "store/pack_cache.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/file.h"
#include "base/file_writer.h"
#include "base/hash.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

fs::path whole_path(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::canonical(path, error);
  return error ? fs::absolute(path, error) : whole;
}

fs::path cache_dir(const Environment& environment) {
  const fs::path xdg = environment.xdg_cache_home, home = environment.home;
  if (xdg.is_absolute()) return xdg / "carat" / "packed";
  return home.is_absolute() ? home / ".cache" / "carat" / "packed" : fs::path();
}

}  // namespace

PackCache::PackCache(const Environment& environment, std::function<bool(const fs::path&)> is_copy)
    : dir_(cache_dir(environment)), is_copy_(std::move(is_copy)) {}

fs::path PackCache::beside(const fs::path& model) {
  const fs::path whole = whole_path(model);
  std::error_code error;
  if (fs::is_directory(whole, error)) return whole / ("model" + std::string(kSuffix));
  return whole.string() + std::string(kSuffix);
}

fs::path PackCache::in_dir(const fs::path& model) const {
  if (dir_.empty()) return {};
  const fs::path whole = whole_path(model);
  const std::string stem = whole.extension() == ".gguf" ? whole.stem().string() : whole.filename().string();
  return dir_ / fmt::format("{:.200}-{:016x}{}", stem, hash64(whole.string()), kSuffix);
}

void PackCache::remember(const fs::path& copy, const fs::path& model) const {
  const fs::path link = in_dir(model);
  if (link.empty() || link == copy || !create_private_dirs(dir_)) return;
  std::error_code error;
  if (fs::is_symlink(link, error)) fs::remove(link, error);
  fs::create_symlink(copy, link, error);  // a copy in the cache directory has the name: it is older and stays listed
}

void PackCache::touch(const fs::path& copy) { (void)utimensat(AT_FDCWD, copy.c_str(), nullptr, 0); }

std::optional<PackCache::Entry> PackCache::look_at(const fs::path& copy) {
  struct stat info {};
  if (lstat(copy.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Entry{copy, static_cast<std::uint64_t>(info.st_size), info.st_mtim.tv_sec};
}

std::vector<PackCache::Entry> PackCache::list() const {
  std::vector<fs::path> dead;
  std::vector<Entry> entries;
  std::error_code error;
  for (fs::directory_iterator it(dir_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (const auto at = name.find(kSuffix); at != std::string::npos && at + kSuffix.size() < name.size()) {
      dead.push_back(dir_ / name.substr(0, at + kSuffix.size()));  // written aside, perhaps by the living
      continue;
    }
    if (!name.ends_with(kSuffix)) continue;
    std::error_code ignored;
    const bool link = it->is_symlink(ignored);
    const fs::path copy = link ? fs::read_symlink(it->path(), ignored) : it->path();
    const auto entry = look_at(copy);
    if (entry && is_copy_(copy)) {
      entries.push_back(*entry);
    } else if (link) {
      fs::remove(it->path(), ignored);
    }
  }
  for (const fs::path& path : dead) FileWriter::clear_abandoned(path);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.last_used != b.last_used ? a.last_used > b.last_used : a.path < b.path;
  });
  return entries;
}

Result<void> PackCache::remove(const Entry& entry) const {
  if (!is_copy_(entry.path)) return {};
  if (::unlink(entry.path.c_str()) != 0 && errno != ENOENT) {
    return io_error(fmt::format("{}: cannot remove: {}", entry.path.string(), std::strerror(errno)));
  }
  return {};
}

std::vector<PackCache::Entry> PackCache::trim(std::uint64_t max_bytes, const fs::path& keep) const {
  std::vector<Entry> entries = list(), removed;
  std::uint64_t total = 0;
  for (const Entry& entry : entries) total += entry.n_bytes;
  for (auto it = entries.rbegin(); it != entries.rend() && total > max_bytes; ++it) {
    if (it->path == keep || !remove(*it)) continue;
    total -= it->n_bytes;
    removed.push_back(*it);
  }
  return removed;
}

}  // namespace carat::store
