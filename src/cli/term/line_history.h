#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carat::cli {

/// What was typed, for the arrow keys of the next session: a file of one JSON string a line, mode 0600, to which every
/// entry is appended at once, so that a killed program and two at a time lose nothing.
class LineHistory {
 public:
  static constexpr std::size_t kMaxEntries = 1000;
  /// A longer message is not remembered: it would cover the screen, and it is in the chat.
  static constexpr std::size_t kMaxEntryBytes = 4 << 10;
  static constexpr std::size_t kMaxEntryLines = 10;

  /// `path` need not exist. An empty path: nothing is kept beyond this process.
  explicit LineHistory(std::filesystem::path path) : path_(std::move(path)) {}

  /// Reads the file, newest last; lines that are none of ours are left out. A file of twice kMaxEntries, or one that is
  /// too large to be read, is cut to kMaxEntries, while no other program appends. Errors: kIo, when there is a file
  /// that cannot be read or cut.
  Result<void> load();
  static bool is_worth_keeping(std::string_view entry);
  /// Nothing happens for what is not worth keeping, and for the same entry again. Errors: kIo; the entry is remembered
  /// in this process all the same.
  Result<void> append(std::string_view entry);
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  Result<void> cut();

  std::filesystem::path path_;
  std::vector<std::string> entries_;
};

}  // namespace carat::cli
