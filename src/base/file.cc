#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/file_error.h"

namespace carat {
namespace {

constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Opens a non-empty regular file; the two readers share its refusals.
Result<std::pair<Descriptor, FileIdentity>> open_regular(const std::filesystem::path& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return errno_error("open", path);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return errno_error("stat", path);
  if (S_ISDIR(info.st_mode)) {
    return invalid_argument(fmt::format("{}: is a directory; expected a file", path.string()));
  }
  if (!S_ISREG(info.st_mode)) {
    return invalid_argument(fmt::format("{}: is a pipe, a device or a socket; expected a regular file", path.string()));
  }
  return std::pair(std::move(fd), FileIdentity{info.st_ino, static_cast<std::uint64_t>(info.st_size),
                                               nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)});
}

// A mapping at a multiple of the huge page: an unaligned one can never have them. The room around it is given back.
void* map_aligned(int fd, std::size_t size) {
  const std::size_t room = size + kHugePage;
  void* reserved = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (reserved == MAP_FAILED) return MAP_FAILED;
  const auto begin = reinterpret_cast<std::uintptr_t>(reserved);
  const std::uintptr_t aligned = (begin + kHugePage - 1) / kHugePage * kHugePage;
  void* p = mmap(reinterpret_cast<void*>(aligned), size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
  if (p == MAP_FAILED) {
    munmap(reserved, room);
    return MAP_FAILED;
  }
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t end = (aligned + size + page - 1) / page * page;
  if (aligned > begin) munmap(reserved, aligned - begin);
  if (begin + room > end) munmap(reinterpret_cast<void*>(end), begin + room - end);
  madvise(p, size, MADV_HUGEPAGE);  // advice only
  return p;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path, Access access) {
  ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const auto& [fd, identity] = opened;
  const std::size_t size = identity.size;
  if (size == 0) return corrupt(fmt::format("{}: file is empty; copy or download it again", path.string()));
  MappedFile file;
  file.path_ = path;
  void* p = access == Access::kStreamed && size >= kHugePage ? map_aligned(fd.get(), size)
                                                             : mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (p == MAP_FAILED) return errno_error("map", path);
  file.data_ = static_cast<const std::byte*>(p);
  file.size_ = size;
  file.identity_ = identity;
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

Result<void> create_private_dirs(const std::filesystem::path& path) {
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : path) {
    so_far /= part;
    if (mkdir(so_far.c_str(), 0700) == 0 || errno == EEXIST) continue;
    const int code = errno;
    std::error_code ignored;
    if (std::filesystem::is_directory(so_far, ignored)) continue;  // e.g. a read-only file system above
    return io_error(fmt::format("{}: cannot create the folder: {}", so_far.string(), std::strerror(code)));
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    return io_error(fmt::format("{}: expected a folder, found a file; move it away", path.string()));
  }
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const int fd = opened.first.get();
  const std::size_t size = opened.second.size;
  if (size > max_bytes) {
    return limit_exceeded(fmt::format("{}: {} bytes; at most {} are read", path.string(), size, max_bytes));
  }
  // To the end, whatever the size says: files of /proc have none, and others may grow or shrink meanwhile.
  std::string text(size + 1, '\0');
  std::size_t done = 0;
  for (;;) {
    const ssize_t n = ::read(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read", path);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
    if (done > max_bytes)
      return limit_exceeded(
          fmt::format("{}: more than {} bytes, which are the most that are read", path.string(), max_bytes));
    if (done == text.size()) text.resize(std::min<std::uint64_t>(2 * done + 4096, max_bytes + 1));
  }
  text.resize(done);
  return text;
}

}  // namespace carat
