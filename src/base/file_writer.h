#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carat {

/// Output that appears under its name only when complete: written aside, in the same folder, and renamed. Without
/// commit() nothing is left behind, unless the process dies: then clear_abandoned() finds what it left.
///
///     ASSIGN_OR_RETURN(FileWriter out, FileWriter::create("model.gguf"));
///     RETURN_IF_ERROR(out.write(bytes));
///     RETURN_IF_ERROR(out.commit());
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
  /// Replaces bytes that are written already. REQUIRES: they lie before offset().
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  std::uint64_t offset() const { return offset_; }

  struct Commit {
    unsigned mode = 0644;
    bool sync = true;  ///< wait for the disk; false for what can be made again and is checked when it is read
  };
  Result<void> commit(const Commit& options);
  Result<void> commit() { return commit(Commit()); }

  /// Asks the file system for this many bytes at once, so that a full disk is known before anything is written. A file
  /// system that cannot do that counts as yes.
  Result<void> reserve(std::uint64_t bytes);

  /// Removes what writers of `path` left aside when their process died. A writer holds a lock on its file, which the
  /// kernel lets go with the process. Returns whether one is at work now.
  static bool clear_abandoned(const std::filesystem::path& path);

 private:
  FileWriter() = default;

  std::filesystem::path path_;
  std::string aside_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
};

}  // namespace carat
