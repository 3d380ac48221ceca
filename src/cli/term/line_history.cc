#include "cli/term/line_history.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/file_writer.h"
#include "base/json.h"

namespace carat::cli {
namespace {

// Twice kMaxEntries of ordinary messages; a larger file is not ours or not sane, and starts anew.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;
constexpr unsigned kPrivate = 0600;

std::string as_line(std::string_view entry) { return dump_json(Json(std::string(entry))) + "\n"; }

Error cannot(const std::filesystem::path& path) {
  return io_error(fmt::format("{}: cannot keep the line history: {}", path.string(), std::strerror(errno)));
}

}  // namespace

Result<void> LineHistory::load() {
  std::error_code ignored;
  if (path_.empty() || !std::filesystem::exists(path_, ignored)) return {};
  ASSIGN_OR_RETURN(const std::string text, read_file(path_, kMaxFileBytes));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto line = parse_json(std::string_view(text).substr(at, end - at));
    if (line && line->is_string()) entries_.push_back(line->get<std::string>());
    at = end + 1;
  }
  if (entries_.size() <= kMaxEntries) return {};
  const bool cut = entries_.size() >= 2 * kMaxEntries;
  entries_.erase(entries_.begin(), entries_.end() - static_cast<std::ptrdiff_t>(kMaxEntries));
  return cut ? rewrite() : Result<void>();
}

bool LineHistory::is_worth_keeping(std::string_view entry) {
  return !entry.empty() && entry.size() <= kMaxEntryBytes &&
         std::count(entry.begin(), entry.end(), '\n') < static_cast<std::ptrdiff_t>(kMaxEntryLines);
}

Result<void> LineHistory::append(std::string_view entry) {
  if (!is_worth_keeping(entry)) return {};
  if (!entries_.empty() && entries_.back() == entry) return {};
  entries_.emplace_back(entry);
  if (path_.empty()) return {};
  RETURN_IF_ERROR(create_private_dirs(path_.parent_path()));
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kPrivate);
  if (fd < 0) return cannot(path_);
  const std::string line = as_line(entry);
  // One write: two programs never mix their lines.
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const Error error = cannot(path_);
  ::close(fd);
  return written ? Result<void>() : Result<void>(error);
}

Result<void> LineHistory::rewrite() const {
  ASSIGN_OR_RETURN(FileWriter out, FileWriter::create(path_));
  for (const std::string& entry : entries_) RETURN_IF_ERROR(out.write(as_line(entry)));
  return out.commit({.mode = kPrivate, .sync = false});
}

}  // namespace carat::cli
