#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"

namespace carat::formats {

/// The bytes of a packed file (docs/formats/packed.md); on disk, do not change without a new version.
inline constexpr std::string_view kPackedMagic = "CARATPAK";
inline constexpr std::uint32_t kPackedFormatVersion = 2;
inline constexpr std::uint64_t kPackedStampOffset = 4096;  ///< a page of its own, the only one rewritten in place
inline constexpr std::uint64_t kPackedStampBytes = 4096;
inline constexpr std::uint64_t kPackedPayloadOffset = 8192;
inline constexpr std::uint64_t kPackedAlignment = 4096;  ///< of sections
inline constexpr std::uint64_t kPackedPieceBytes = std::uint64_t{1} << 20;

/// The first bytes of the file. `header_hash` covers what stands before it.
struct PackedHeader {
  char magic[8];
  std::uint32_t format_version;
  std::uint32_t layout_version;
  std::uint64_t file_bytes;
  std::uint64_t index_offset;
  std::uint64_t index_bytes;
  Hash128 index_hash;
  Hash128 source_hash;
  Hash128 header_hash;
};
static_assert(sizeof(PackedHeader) == 88);

/// The stamp page: hash of the rest, count, files.
std::vector<std::byte> encode_stamp(std::span<const FileIdentity> files);
/// Empty when the page holds none that is whole.
std::vector<FileIdentity> decode_stamp(std::span<const std::byte> page);

}  // namespace carat::formats
