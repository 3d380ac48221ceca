#include "base/file_writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include "base/check.h"
#include "base/file_error.h"

namespace carat {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAsideSuffix = ".part-";  // and six characters of mkostemp

bool has_name(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && info.st_nlink > 0;
}

// Whether a living process holds the lock of this file; a file without one is removed.
bool is_written_or_remove(const fs::path& aside) {
  const int fd = ::open(aside.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool abandoned = flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (abandoned) ::unlink(aside.c_str());
  ::close(fd);
  return !abandoned;
}

}  // namespace

Result<FileWriter> FileWriter::create(const fs::path& path) {
  constexpr int kAttempts = 8;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    FileWriter writer;
    writer.path_ = path;
    writer.aside_ = path.string() + kAsideSuffix + "XXXXXX";
    writer.fd_ = mkostemp(writer.aside_.data(), O_CLOEXEC);
    if (writer.fd_ < 0 && errno == ENOENT) {
      return not_found(fmt::format("{}: there is no such folder to write in; create it first", path.string()));
    }
    if (writer.fd_ < 0) return errno_error("create", path);
    // Not every file system has locks; without one clear_abandoned() takes the file for one that is being written.
    (void)flock(writer.fd_, LOCK_EX);
    if (has_name(writer.fd_)) return writer;  // else clear_abandoned() was faster than the lock
  }
  return io_error(fmt::format("{}: cannot create: files beside it vanish while they are written", path.string()));
}

FileWriter::~FileWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(aside_.c_str());
}

Result<void> FileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("write", path_);
    offset_ += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> FileWriter::pad_to(std::uint64_t alignment) {
  CARAT_CHECK(alignment > 0);
  const std::uint64_t rest = offset_ % alignment;
  if (rest == 0) return {};
  const std::vector<std::byte> zeros(alignment - rest);
  return write(zeros);
}

Result<void> FileWriter::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  CARAT_CHECK(offset <= offset_ && bytes.size() <= offset_ - offset);
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("write", path_);
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> FileWriter::reserve(std::uint64_t bytes) {
  if (::fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return {};
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) return errno_error("write", path_);
  return {};
}

Result<void> FileWriter::commit(const Commit& options) {
  CARAT_CHECK(fd_ >= 0);
  if (::fchmod(fd_, options.mode) != 0 || (options.sync && ::fsync(fd_) != 0)) return errno_error("write", path_);
  // Renamed before it is closed, while the lock still tells others that it is no abandoned file.
  if (::rename(aside_.c_str(), path_.c_str()) != 0) return errno_error("write", path_);
  if (::close(std::exchange(fd_, -1)) != 0) {  // a network file system may refuse only here
    Error error = errno_error("write", path_);
    ::unlink(path_.c_str());
    return error;
  }
  return {};
}

bool FileWriter::clear_abandoned(const fs::path& path) {
  const std::string prefix = path.filename().string() + kAsideSuffix;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  // Not a directory_iterator: libstdc++'s ends the process when there is no memory for it.
  struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  const std::unique_ptr<DIR, CloseDir> dir(opendir(folder.c_str()));
  bool written = false;
  while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.size() == prefix.size() + 6 && name.starts_with(prefix)) written |= is_written_or_remove(folder / name);
  }
  return written;
}

}  // namespace carat
