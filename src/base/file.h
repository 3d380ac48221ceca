#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace carat {

/// Which file, and which state of it: what a later look must find again to know that nothing has changed. ctime is
/// there because a copy may set mtime back.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  bool operator==(const FileIdentity&) const = default;
};

/// A whole regular file, mapped read-only. Refuses directories, empty files, devices and unreadable files by name.
/// The view is valid as long as the object lives; model files are replaced by rename, never cut in place (a read behind
/// a new end raises SIGBUS).
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        identity_(other.identity_) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(identity_, other.identity_);
    return *this;
  }
  ~MappedFile();

  /// How it will be read: here and there, or all of it again and again. The second asks for huge pages, which the
  /// kernel gives to files on ext4 and XFS since Linux 6.16, and maps at a multiple of their size.
  enum class Access : std::uint8_t { kSparse, kStreamed };

  static Result<MappedFile> open(const std::filesystem::path& path, Access access = Access::kSparse);

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  /// As it was when it was opened.
  const FileIdentity& identity() const { return identity_; }

  /// Tells the kernel that these bytes (a part of bytes()) will not be read again soon.
  static void drop_pages(std::span<const std::byte> part);

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  FileIdentity identity_;
};

/// Creates `path` and what is missing above it, each with mode 0700; existing folders keep their modes.
/// Errors: kIo naming the folder.
Result<void> create_private_dirs(const std::filesystem::path& path);

/// The whole file as text; at most `max_bytes`, else kLimit.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

}  // namespace carat
