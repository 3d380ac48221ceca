#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// The pages of an SQLite file read one by one, whatever its header, trees and lists say: what is left to do for a
/// damaged one. Format: sqlite.org/fileformat2.html. No number of the file is trusted, every page is read a bounded
/// number of times, and memory holds one row.
namespace carat::store::sqlite {

using Value = std::variant<std::monostate, std::int64_t, std::string>;  ///< NULL, integer, text as its bytes

/// A row of some table: which one, its values must tell. Of an INTEGER PRIMARY KEY the column is NULL, the value rowid.
struct FoundRow {
  std::int64_t rowid = 0;
  std::vector<Value> values;
};

/// The files as bytes; `log` is the -wal file, or empty.
struct FilePair {
  std::span<const std::byte> file;
  std::span<const std::byte> log;
};

/// Calls `found` with every row of every table that is whole and has only integers, texts and NULLs, in no order: first
/// those of the newest images of pages that pass their checksum, then those of images in the log that do not. So a row
/// can come more than once, the likeliest first. Rows whose transaction was not committed do not come.
void find_rows(const FilePair& pair, const std::function<void(FoundRow)>& found);

/// Whether the log has commits that SQLite will not see, since something in or before them is damaged: it ends reading
/// there without a word. May also be true after a commit that failed or was cut off.
bool log_hides_commits(std::span<const std::byte> log);

/// Whether the fixed fields of a file's first 100 bytes are what SQLite writes.
bool header_is_plausible(std::span<const std::byte> file);

/// How many bytes a file has by its header. REQUIRES: header_is_plausible.
std::uint64_t size_of_header(std::span<const std::byte> file);

}  // namespace carat::store::sqlite
