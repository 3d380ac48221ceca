#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace carat::store::sqlite {

/// A frame of a write-ahead log: the image of one page after a transaction.
struct Frame {
  std::uint32_t page = 0;  ///< from 1
  std::span<const std::byte> image;
  bool commits = false;   ///< the last one of its transaction
  bool verified = false;  ///< passes its checksum, going on from the one that the frame before says it has
  bool visible = false;   ///< SQLite reads it: it and everything before it is verified, and a commit follows that is
};

/// The frames of the log's generation (older ones may follow in the file), damaged ones included. Empty for what is no
/// log, for its header's page size too, unless `page_size` says it.
std::vector<Frame> read_log(std::span<const std::byte> log, std::optional<std::uint32_t> page_size);

/// Reads an unsigned number of `n` bytes, most significant first. REQUIRES: they are there.
std::uint64_t big_endian(std::span<const std::byte> bytes, std::size_t offset, std::size_t n);

}  // namespace carat::store::sqlite
