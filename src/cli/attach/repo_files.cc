#include "cli/attach/repo_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>

#include "base/file.h"
#include "base/utf8.h"
#include "cli/attach/gitignore.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxRules = std::uint64_t{1} << 20;  // of one .gitignore
constexpr std::size_t kMaxDepth = 128;                       // of folders; deeper trees are somebody's trick

/// The rules that hold in a folder: those of the folders above first.
struct Rules {
  std::string prefix;  ///< path of the folder that has the file, "" or ending in '/'
  Gitignore gitignore;
};

class Walk {
 public:
  explicit Walk(fs::path root) : root_(std::move(root)) { add_rules("", root_ / ".git" / "info" / "exclude"); }

  Result<void> folder(const std::string& prefix, std::size_t depth) {
    if (depth > kMaxDepth)
      return limit_exceeded(fmt::format("{}: folders are more than {} deep", root_.string(), kMaxDepth));
    const std::size_t n_rules = rules_.size();
    add_rules(prefix, root_ / prefix / ".gitignore");
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator it(root_ / prefix, error), end; !error && it != end; it.increment(error)) {
      entries.push_back(*it);
    }
    if (error) files_.unreadable.push_back(prefix.empty() ? "." : prefix);
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) {
      RETURN_IF_ERROR(visit(prefix + entry.path().filename().string(), entry, depth));
    }
    rules_.resize(n_rules, Rules{"", Gitignore("")});
    return {};
  }

  RepoFiles take() && { return std::move(files_); }

 private:
  void add_rules(const std::string& prefix, const fs::path& file) {
    std::error_code ignored;
    if (!fs::is_regular_file(fs::symlink_status(file, ignored))) return;
    if (const auto text = read_file(file, kMaxRules)) rules_.push_back({prefix, Gitignore(*text)});
  }

  bool is_ignored(const std::string& path, bool is_folder) const {
    for (auto rules = rules_.rbegin(); rules != rules_.rend(); ++rules) {
      const std::string_view below = std::string_view(path).substr(rules->prefix.size());
      const Gitignore::Verdict verdict = rules->gitignore.verdict(below, is_folder);
      if (verdict != Gitignore::Verdict::kNone) return verdict == Gitignore::Verdict::kIgnored;
    }
    return false;
  }

  Result<void> visit(const std::string& path, const fs::directory_entry& entry, std::size_t depth) {
    std::error_code error;
    const fs::file_status status = entry.symlink_status(error);
    const bool is_folder = fs::is_directory(status);
    if (entry.path().filename() == ".git") return {};
    if (fs::is_symlink(status)) {
      ++files_.n_links;
      return {};
    }
    if (!is_folder && !fs::is_regular_file(status)) return {};  // pipes and devices hold no text
    if (is_ignored(path, is_folder)) {
      ++files_.n_ignored;
      return {};
    }
    return is_folder ? folder(path + "/", depth + 1) : file(path, entry);
  }

  Result<void> file(const std::string& path, const fs::directory_entry& entry) {
    std::error_code error;
    const std::uint64_t size = entry.file_size(error);
    if (!error && size > kMaxRepoFile) {
      ++files_.n_too_large;
      return {};
    }
    auto text = read_file(entry.path(), kMaxRepoFile);
    if (!text) {
      files_.unreadable.push_back(path);
      return {};
    }
    if (text->find('\0') != std::string::npos || !is_valid_utf8(*text)) {
      ++files_.n_not_text;
      return {};
    }
    n_bytes_ += text->size();
    files_.files.push_back({path, *std::move(text)});
    if (files_.files.size() > kMaxRepoFiles || n_bytes_ > kMaxRepoBytes) {
      return limit_exceeded(fmt::format("{}: holds more than {} text files or {} MiB of text; name a folder inside it",
                                        root_.string(), kMaxRepoFiles, kMaxRepoBytes >> 20));
    }
    return {};
  }

  fs::path root_;
  std::vector<Rules> rules_;
  RepoFiles files_;
  std::uint64_t n_bytes_ = 0;
};

}  // namespace

Result<RepoFiles> read_repo(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return not_found(fmt::format("--repo {}: there is no such folder; check the path", folder.string()));
  }
  Walk walk(folder);
  RETURN_IF_ERROR(walk.folder("", 0));
  return std::move(walk).take();
}

}  // namespace carat::cli
