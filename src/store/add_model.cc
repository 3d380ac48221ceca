#include "store/add_model.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>

#include "base/descriptor.h"
#include "base/file_error.h"
#include "store/dir_lock.h"
#include "store/pack_cache.h"
#include "store/split_name.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNameLength = 96;
constexpr std::string_view kAsidePrefix = ".add-";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// One file's bytes into a new file, on the disk when it returns.
Result<void> copy_bytes(const fs::path& from, const fs::path& to, const std::function<void(std::uint64_t)>& copied) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return errno_error("read", from);
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return errno_error("create", to);
  std::vector<char> buffer(std::size_t{1} << 20);
  for (;;) {
    ssize_t n = ::read(in.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read", from);
    if (n == 0) break;
    for (const char* at = buffer.data(); n > 0;) {
      const ssize_t written = ::write(out.get(), at, static_cast<std::size_t>(n));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno_error("write", to);
      at += written;
      n -= written;
      copied(static_cast<std::uint64_t>(written));
    }
  }
  if (::fsync(out.get()) != 0) return errno_error("write", to);
  return {};
}

/// The files of a folder, relative to it, as a model may have them: regular files, also behind links (a hub's cache
/// links its files). Hidden entries (.git) and packed copies stay where they are.
Result<std::vector<fs::path>> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.')) {
      it.disable_recursion_pending();
    } else if (fs::is_regular_file(it->path(), ignored) && !name.ends_with(PackCache::kSuffix)) {
      files.push_back(it->path().lexically_relative(folder));  // by its name, wherever a link leads
    }
  }
  if (error) return io_error(fmt::format("{}: cannot list the folder: {}", folder.string(), error.message()));
  return files;
}

/// What is put where, below the entry that is made aside.
struct Placement {
  fs::path from;  ///< absolute
  fs::path to;    ///< relative; empty: the entry itself
};

Result<std::vector<Placement>> placements(const std::vector<fs::path>& files, bool copy) {
  std::error_code error;
  std::vector<Placement> out;
  std::set<fs::path> names;
  for (const fs::path& file : files) {
    const fs::path absolute = fs::canonical(file, error);
    if (error) return not_found(fmt::format("{}: no such file or folder; check the path", file.string()));
    if (fs::is_directory(absolute, error)) {
      if (files.size() > 1) {
        return invalid_argument(fmt::format("{}: is a folder; give one folder, or files only", file.string()));
      }
      if (!copy) return std::vector{Placement{absolute, ""}};
      ASSIGN_OR_RETURN(const std::vector<fs::path> below, files_below(absolute));
      for (const fs::path& path : below) out.push_back({absolute / path, path});
      return out;
    }
    // The name as it was given: parts of a split file know each other by it.
    const fs::path name = file.filename();
    if (!names.insert(name).second) {
      return invalid_argument(fmt::format("{}: two of the files have this name; rename one of them", name.string()));
    }
    out.push_back({absolute, files.size() > 1 ? name : ""});
  }
  return out;
}

Result<void> place(const std::vector<Placement>& placements, const fs::path& aside, const AddOptions& options) {
  std::error_code error;
  std::uint64_t n_bytes = 0, n_done = 0;
  if (options.copy) {
    for (const Placement& p : placements) n_bytes += fs::file_size(p.from, error);
    const fs::space_info space = fs::space(aside.parent_path(), error);
    if (!error && space.available < n_bytes) {
      return io_error(
          fmt::format("{}: has {} MiB free and the copy needs {} MiB; free some space, or add the model "
                      "by reference, without --copy",
                      aside.parent_path().string(), space.available >> 20, n_bytes >> 20));
    }
  }
  for (const Placement& p : placements) {
    const fs::path to = p.to.empty() ? aside : aside / p.to;
    if (!p.to.empty()) fs::create_directories(to.parent_path(), error);
    if (options.copy) {
      RETURN_IF_ERROR(copy_bytes(p.from, to, [&](std::uint64_t n) {
        n_done += n;
        if (options.progress) options.progress(n_done, n_bytes);
      }));
    } else {
      fs::create_symlink(p.from, to, error);
      if (error) return io_error(fmt::format("{}: cannot make a link: {}", to.string(), error.message()));
    }
  }
  return {};
}

/// All of the models folder that is this model's: of a split file beside others every part.
std::vector<fs::path> entries_of(const StoredModel& model) {
  const std::string stem = model.entry.stem().string();
  const auto split = split_name(stem);
  std::error_code error;
  if (!split || fs::is_directory(model.entry, error)) return {model.entry};
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(model.entry.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const std::string other = it->path().stem().string();
    const auto part = split_name(other);
    if (part && it->path().extension() == model.entry.extension() && part->name == split->name &&
        part->total == split->total) {
      entries.push_back(it->path());
    }
  }
  return entries;
}

/// A folder beside the models in which one is made, locked as long as that goes on; what is left in it goes at the end.
class AsideFolder {
 public:
  static Result<AsideFolder> make(const fs::path& models_dir) {
    clear_abandoned(models_dir);
    std::string name = (models_dir / (std::string(kAsidePrefix) + "XXXXXX")).string();
    if (mkdtemp(name.data()) == nullptr) return errno_error("write to", models_dir);
    ASSIGN_OR_RETURN(DirLock lock, DirLock::open(name));
    (void)lock.try_exclusive();  // a file system without locks has nobody else's either
    return AsideFolder(name, std::move(lock));
  }
  AsideFolder(AsideFolder&& other) noexcept : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  AsideFolder& operator=(AsideFolder&&) = delete;
  ~AsideFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  AsideFolder(fs::path path, DirLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  /// What a killed copy left: nobody holds its lock any more.
  static void clear_abandoned(const fs::path& models_dir) {
    std::error_code error;
    std::vector<fs::path> abandoned;
    for (fs::directory_iterator it(models_dir, error), end; !error && it != end; it.increment(error)) {
      if (!it->path().filename().string().starts_with(kAsidePrefix)) continue;
      auto lock = DirLock::open(it->path());
      if (lock && lock->try_exclusive()) abandoned.push_back(it->path());
    }
    for (const fs::path& path : abandoned) fs::remove_all(path, error);
  }

  fs::path path_;
  DirLock lock_;
};

Error name_taken(const std::string& name) {
  return invalid_argument(
      fmt::format("there is a model {} already; carat rm {} first, or choose another name", name, name));
}

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.find_first_of("._-") != 0 && std::all_of(name.begin(), name.end(), is_name_character);
}

Result<ModelName> ModelName::parse(std::string_view text) {
  const bool good = text.size() <= kMaxNameLength && is_plain_name(text);
  // What the models folder gives a meaning of its own: another file's extension, pieces that are no model, parts.
  const bool taken = text.ends_with(".gguf") || text.ends_with(PackCache::kSuffix) || text.starts_with("mmproj-") ||
                     text.starts_with("mtp-") || split_name(text).has_value();
  if (good && !taken) return ModelName(std::string(text));
  if (good) {
    return invalid_argument(fmt::format(
        "a model cannot be called '{}': names that end in .gguf, begin with mmproj- or mtp-, or number a part mean "
        "other files; choose another name",
        text));
  }
  return invalid_argument(
      fmt::format("a model cannot be called '{}': a name has at most {} letters, digits, '.', '_' and '-', and begins "
                  "with a letter or digit",
                  text.substr(0, kMaxNameLength), kMaxNameLength));
}

Result<StoredModel> add_model(const ModelStore& store, const ModelName& name, const std::vector<fs::path>& files,
                              const AddOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<StoredModel> models, store.list());
  for (const StoredModel& model : models) {
    if (model.name == name.text()) return name_taken(name.text());
  }
  ASSIGN_OR_RETURN(const std::vector<Placement> where, placements(files, options.copy));
  if (where.empty()) return invalid_argument("there is no file to add; give a GGUF file or a Hugging Face folder");

  const bool one_gguf = where.size() == 1 && where.front().to.empty() && !fs::is_directory(where.front().from);
  const fs::path entry = store.models_dir() / (one_gguf ? name.text() + ".gguf" : name.text());
  ASSIGN_OR_RETURN(const AsideFolder aside, AsideFolder::make(store.models_dir()));
  const fs::path made = aside.path() / entry.filename();
  RETURN_IF_ERROR(place(where, made, options));
  if (!as_model(made)) {
    return invalid_argument(
        fmt::format("{}: these files are not one model; give one GGUF file with what belongs to it, all parts of a "
                    "split one, or a Hugging Face folder",
                    name.text()));
  }
  // Never over something else: another program may have had the same idea meanwhile.
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, entry.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return name_taken(name.text());
    return errno_error("make", entry);
  }
  return store.find(name.text());
}

Result<void> remove_model(const StoredModel& model) {
  std::error_code error;
  for (const fs::path& entry : entries_of(model)) {
    if (fs::is_symlink(entry, error) || !fs::is_directory(entry, error)) {
      fs::remove(entry, error);
    } else {
      fs::remove_all(entry, error);  // does not follow links
    }
    if (error) return io_error(fmt::format("{}: cannot be removed: {}", entry.string(), error.message()));
  }
  return {};
}

std::uint64_t own_bytes(const StoredModel& model) {
  std::error_code error;
  std::uint64_t n_bytes = 0;
  const auto add = [&](const fs::directory_entry& file) {
    std::error_code ignored;
    if (!file.is_symlink(ignored) && file.is_regular_file(ignored)) n_bytes += file.file_size(ignored);
  };
  for (const fs::path& entry : entries_of(model)) {
    add(fs::directory_entry(entry, error));
    if (fs::is_symlink(entry, error) || !fs::is_directory(entry, error)) continue;
    for (fs::recursive_directory_iterator it(entry, error), end; !error && it != end; it.increment(error)) add(*it);
  }
  return n_bytes;
}

}  // namespace carat::store
