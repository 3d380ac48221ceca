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

/// A whole regular file, mapped read-only. Refuses directories, empty files, devices and unreadable files by name.
/// The view is valid as long as the object lives; model files are replaced by rename, never cut in place.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile();

  static Result<MappedFile> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

  /// Tells the kernel that these bytes (a part of bytes()) will not be read again soon.
  static void drop_pages(std::span<const std::byte> part);

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The whole file as text; at most `max_bytes`, else kLimit.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Sequential output that appears under its name only when complete: written beside it, synced, renamed.
///
///     ASSIGN_OR_RETURN(FileWriter out, FileWriter::create("model.gguf"));
///     RETURN_IF_ERROR(out.write(bytes));
///     RETURN_IF_ERROR(out.commit());      // without commit() nothing is left behind
class FileWriter {
 public:
  FileWriter(FileWriter&& other) noexcept
      : path_(std::move(other.path_)),
        aside_(std::move(other.aside_)),
        fd_(std::exchange(other.fd_, -1)),
        offset_(other.offset_) {}
  FileWriter& operator=(FileWriter&&) = delete;
  ~FileWriter();

  static Result<FileWriter> create(const std::filesystem::path& path);

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }
  /// Zero bytes up to a multiple of `alignment` of the file offset.
  Result<void> pad_to(std::uint64_t alignment);
  std::uint64_t offset() const { return offset_; }
  Result<void> commit();

 private:
  FileWriter() = default;

  std::filesystem::path path_;
  std::filesystem::path aside_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
};

}  // namespace carat
