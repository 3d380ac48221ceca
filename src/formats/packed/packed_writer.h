#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/file_writer.h"
#include "base/hash.h"
#include "base/result.h"
#include "formats/packed/packed_file.h"

namespace carat::formats {

/// Writes a packed file, aside and renamed.
///
///     ASSIGN_OR_RETURN(PackedWriter out, PackedWriter::create(path, expected_bytes));
///     RETURN_IF_ERROR(out.add("tokenizer", tables));
///     RETURN_IF_ERROR(out.commit(origin, stamp, 0644));
///
/// Goes to the file in whole blocks of 2 MiB, from which recent kernels make huge pages of the page cache: the next
/// start then maps them as such. Does not wait for the disk: a file that a power failure tears is found out by its
/// hashes.
class PackedWriter {
 public:
  /// Reserves `expected_bytes` of payload. Errors: kIo, also when the disk has no room for them.
  static Result<PackedWriter> create(const std::filesystem::path& path, std::uint64_t expected_bytes);

  Result<void> add(std::string_view name, std::span<const std::byte> bytes);
  Result<void> commit(const PackedOrigin& origin, std::span<const FileIdentity> stamp, unsigned mode);

 private:
  struct Section {
    std::string name;
    std::uint64_t offset, n_bytes;
  };

  explicit PackedWriter(FileWriter out) : out_(std::move(out)) {}
  std::uint64_t position() const { return out_.offset() + block_.size(); }
  Result<void> append(std::span<const std::byte> bytes);
  void add_to_hashes(std::span<const std::byte> bytes);
  Result<void> flush();

  FileWriter out_;
  std::vector<std::byte> block_;  // of the file, not yet written
  std::vector<Section> sections_;
  std::vector<Hash128> pieces_;
  Hasher128 piece_;
  std::uint64_t piece_bytes_ = 0;
};

}  // namespace carat::formats
