#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace carat {
namespace {

Error errno_error(std::string_view what, const std::filesystem::path& path) {
  const int code = errno;
  const std::string text = fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(code));
  std::error_code ignored;
  if (code == ENOENT && std::filesystem::is_symlink(path, ignored)) {
    return not_found(fmt::format("{}: is a link to a file that is not there", path.string()));
  }
  if (code == ENOENT) return not_found(fmt::format("{}: no such file", path.string()));
  if (code == ENOMEM) return out_of_memory(text);
  return io_error(text);
}

// Opens a non-empty regular file; the two readers share its refusals.
Result<std::pair<int, std::size_t>> open_regular(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno_error("open", path);
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    Error error = errno_error("stat", path);
    ::close(fd);
    return error;
  }
  if (S_ISDIR(info.st_mode)) {
    ::close(fd);
    return invalid_argument(fmt::format("{}: is a directory; expected a file", path.string()));
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return invalid_argument(fmt::format("{}: is a pipe, a device or a socket; expected a regular file", path.string()));
  }
  return std::pair(fd, static_cast<std::size_t>(info.st_size));
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const auto [fd, size] = opened;
  if (size == 0) {
    ::close(fd);
    return corrupt(fmt::format("{}: file is empty; copy or download it again", path.string()));
  }
  void* p = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (p == MAP_FAILED) {
    Error error = errno_error("map", path);
    ::close(fd);
    return error;
  }
  ::close(fd);
  MappedFile file;
  file.path_ = path;
  file.data_ = static_cast<const std::byte*>(p);
  file.size_ = size;
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::drop_pages(std::span<const std::byte> part) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto first = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
  const auto last = (reinterpret_cast<std::uintptr_t>(part.data()) + part.size()) / page * page;
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const auto [fd, size] = opened;
  if (size > max_bytes) {
    ::close(fd);
    return limit_exceeded(fmt::format("{}: {} bytes; at most {} are read", path.string(), size, max_bytes));
  }
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, text.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      Error error = errno_error("read", path);
      ::close(fd);
      return error;
    }
    if (n == 0) break;  // the file shrank meanwhile
    done += static_cast<std::size_t>(n);
  }
  ::close(fd);
  text.resize(done);
  return text;
}

Result<FileWriter> FileWriter::create(const std::filesystem::path& path) {
  FileWriter writer;
  writer.path_ = path;
  std::string aside = path.string() + ".part-XXXXXX";
  writer.fd_ = mkostemp(aside.data(), O_CLOEXEC);
  if (writer.fd_ < 0 && errno == ENOENT) {
    return not_found(fmt::format("{}: there is no such folder to write in; create it first", path.string()));
  }
  if (writer.fd_ < 0) return errno_error("create", path);
  writer.aside_ = aside;
  return writer;
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

Result<void> FileWriter::commit() {
  CARAT_CHECK(fd_ >= 0);
  if (::fchmod(fd_, 0644) != 0 || ::fsync(fd_) != 0) return errno_error("write", path_);
  if (::close(std::exchange(fd_, -1)) != 0 || ::rename(aside_.c_str(), path_.c_str()) != 0) {
    Error error = errno_error("write", path_);
    ::unlink(aside_.c_str());
    return error;
  }
  return {};
}

}  // namespace carat
