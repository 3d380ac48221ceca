#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "base/progress.h"
#include "base/result.h"
#include "base/thread_pool.h"

namespace carat::formats {

/// What a packed file was made from, and who may read it (docs/formats/packed.md).
struct PackedOrigin {
  std::uint32_t layout_version = 0;  ///< of the sections' contents; another one cannot be used
  Hash128 source_hash;               ///< of every byte of the model's files that the sections depend on
  std::string model_name;            ///< for people
  std::string model_path;            ///< the model it was made for, absolute; for people
};

/// Named sections of bytes, mapped read-only: the packed weights and the tokenizer's tables of a model, so that the
/// next start need not make them again. Whoever maps the same file shares its memory.
///
/// Trust: open() checks header and index (their hashes, every offset), verify() the payload, which is cut in pieces of
/// 1 MiB with a hash each. A whole file is verified at memory speed by all threads, and that is also what brings its
/// pages in, so it is done at every start and no damaged byte is ever used. Nothing guards against somebody who makes a
/// file with right hashes on purpose: what sections mean is checked by those who read them.
///
///     ASSIGN_OR_RETURN(const PackedFile file, PackedFile::open("model.gguf.carat-packed"));
///     RETURN_IF_ERROR(file.verify(pool));
///     const auto bytes = file.find("tokenizer");
class PackedFile {
 public:
  /// Errors: kNotFound, kIo; kUnsupported for a file that is no packed file, or of another format version; kCorrupt.
  static Result<PackedFile> open(const std::filesystem::path& path);
  /// Whether a file begins as a packed file of any version does.
  static bool is_one(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  const PackedOrigin& origin() const { return origin_; }
  std::uint64_t n_bytes() const { return file_.bytes().size(); }

  /// The states of the model's files that are known to have source_hash; empty when none is remembered.
  const std::vector<FileIdentity>& stamp() const { return stamp_; }
  /// Remembers another one, in place. Best effort: a stamp that is lost costs a hash of the model.
  void write_stamp(std::span<const FileIdentity> files) const;

  /// The bytes of a section, at a multiple of 4096; empty when there is none.
  std::span<const std::byte> find(std::string_view name) const;

  /// `progress` counts bytes. Errors: kCorrupt naming the file and the first damaged piece.
  Result<void> verify(ThreadPool& pool, ProgressCounter* progress = nullptr) const;
  /// Only the pieces in which these bytes of a section lie, by this thread.
  Result<void> verify(std::span<const std::byte> part) const;

 private:
  struct Section {
    std::string name;
    std::uint64_t offset = 0, n_bytes = 0;
  };

  PackedFile() = default;
  Result<void> read_index(std::span<const std::byte> index, std::uint64_t index_offset);
  std::span<const std::byte> payload() const;
  bool piece_is_whole(std::size_t i) const;
  Error damaged(std::size_t piece) const;

  MappedFile file_;
  PackedOrigin origin_;
  std::vector<FileIdentity> stamp_;
  std::vector<Section> sections_;  // sorted by name
  std::vector<Hash128> pieces_;
  std::uint64_t payload_end_ = 0;
};

}  // namespace carat::formats
