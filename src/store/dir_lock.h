#pragma once

#include <filesystem>
#include <utility>

#include "base/result.h"

namespace carat::store {

/// A lock on a folder (flock), by which programs that use a file in it know of each other: shared while they use it,
/// exclusive to check or replace it. The kernel lets go of it when the process ends, however it ends.
class DirLock {
 public:
  /// Without a lock yet. Errors: kIo, kNotFound.
  static Result<DirLock> open(const std::filesystem::path& dir);
  DirLock(DirLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirLock& operator=(DirLock&&) = delete;
  ~DirLock();

  /// Whether nobody else has one; false on a file system without locks.
  bool try_exclusive();
  /// Takes a shared lock, or turns an exclusive one into it; waits up to a minute for one who checks the file. Never
  /// fails: on a file system without locks SQLite's own have to do.
  void share();

 private:
  explicit DirLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace carat::store
