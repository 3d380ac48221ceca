#include "cli/term/line_history.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/file_writer.h"
#include "base/json.h"

namespace carat::cli {
namespace {

// Twice kMaxEntries of messages, each byte of them written as an escape sequence: 48 MiB. Of a larger file, which is
// not sane, the end is read.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;
constexpr unsigned kPrivate = 0600;

std::string as_line(std::string_view entry) { return dump_json(Json(std::string(entry))) + "\n"; }

Error cannot(const std::filesystem::path& path, std::string_view what) {
  return io_error(fmt::format("{}: cannot {} the line history: {}", path.string(), what, std::strerror(errno)));
}

/// The open file, which no other program changes meanwhile: each holds this lock while it does.
class HistoryFile {
 public:
  /// Errors: kIo.
  static Result<HistoryFile> open(const std::filesystem::path& path, int flags) {
    for (;;) {
      HistoryFile file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kPrivate));
      if (file.fd_ < 0) return cannot(path, "open");
      // Where a file system knows no locks it goes without.
      while (flock(file.fd_, LOCK_EX) != 0 && errno == EINTR) {
      }
      struct stat opened {
      }, named{};
      if (fstat(file.fd_, &opened) != 0) return cannot(path, "open");
      // While we waited, another program may have put a new file in its place.
      const bool there = ::stat(path.c_str(), &named) == 0;
      if (there && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) return file;
      if (!there && errno != ENOENT) return cannot(path, "open");
      if (!there && (flags & O_CREAT) == 0) return file;
    }
  }
  HistoryFile(HistoryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HistoryFile& operator=(HistoryFile&&) = delete;
  ~HistoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }
  bool ends_in_newline() const {
    const off_t size = lseek(fd_, 0, SEEK_END);
    char last = '\n';
    return size <= 0 || ::pread(fd_, &last, 1, size - 1) != 1 || last == '\n';
  }

 private:
  explicit HistoryFile(int fd) : fd_(fd) {}
  int fd_;
};

/// The end of a file.
struct Tail {
  std::string text;
  bool whole = true;
};

Result<Tail> read_tail(const std::filesystem::path& path, int fd) {
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size < 0) return cannot(path, "read");
  Tail tail;
  tail.whole = static_cast<std::uint64_t>(size) <= kMaxFileBytes;
  off_t at = tail.whole ? 0 : size - static_cast<off_t>(kMaxFileBytes);
  tail.text.resize(static_cast<std::size_t>(size - at));
  std::size_t n_read = 0;
  while (n_read < tail.text.size()) {
    const ssize_t n = ::pread(fd, tail.text.data() + n_read, tail.text.size() - n_read, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(path, "read");
    if (n == 0) break;
    n_read += static_cast<std::size_t>(n);
    at += n;
  }
  tail.text.resize(n_read);
  return tail;
}

std::vector<std::string> entries_of(std::string_view text) {
  std::vector<std::string> entries;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto line = parse_json(text.substr(at, end - at));
    if (line && line->is_string()) entries.push_back(line->get<std::string>());
    at = end + 1;
  }
  return entries;
}

void keep_newest(std::vector<std::string>& entries) {
  if (entries.size() <= LineHistory::kMaxEntries) return;
  entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(LineHistory::kMaxEntries));
}

}  // namespace

Result<void> LineHistory::load() {
  std::error_code ignored;
  if (path_.empty() || !std::filesystem::exists(path_, ignored)) return {};
  bool too_large = false;
  {
    ASSIGN_OR_RETURN(const HistoryFile file, HistoryFile::open(path_, O_RDONLY));
    ASSIGN_OR_RETURN(const Tail tail, read_tail(path_, file.fd()));
    entries_ = entries_of(tail.text);
    too_large = !tail.whole || entries_.size() >= 2 * kMaxEntries;
  }
  if (too_large) return cut();
  keep_newest(entries_);
  return {};
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
  ASSIGN_OR_RETURN(const HistoryFile file, HistoryFile::open(path_, O_RDWR | O_CREAT | O_APPEND));
  // Half a line, of a disk that was full, shall not swallow this one.
  std::string line = file.ends_in_newline() ? "" : "\n";
  line += as_line(entry);
  const ssize_t n = ::write(file.fd(), line.data(), line.size());
  if (n < 0) return cannot(path_, "keep");
  if (n == static_cast<ssize_t>(line.size())) return {};
  errno = ENOSPC;
  return cannot(path_, "keep");
}

Result<void> LineHistory::cut() {
  // What others have appended meanwhile is read again: until the lock is gone nobody appends.
  ASSIGN_OR_RETURN(const HistoryFile file, HistoryFile::open(path_, O_RDONLY));
  ASSIGN_OR_RETURN(const Tail tail, read_tail(path_, file.fd()));
  entries_ = entries_of(tail.text);
  keep_newest(entries_);
  ASSIGN_OR_RETURN(FileWriter out, FileWriter::create(path_));
  for (const std::string& entry : entries_) RETURN_IF_ERROR(out.write(as_line(entry)));
  return out.commit({.mode = kPrivate, .sync = false});
}

}  // namespace carat::cli
