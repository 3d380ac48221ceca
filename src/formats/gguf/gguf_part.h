#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "formats/gguf/gguf_metadata.h"
#include "formats/tensor_source.h"

namespace carat::formats {

inline constexpr std::uint32_t kGgufMagic = 0x46554747;  ///< "GGUF"; on disk, do not change
inline constexpr std::uint32_t kGgufVersion = 3;
inline constexpr std::uint64_t kGgufDefaultAlignment = 32;

/// What one GGUF file says; views into its bytes.
struct GgufContents {
  GgufMetadata metadata;
  std::vector<Tensor> tensors;
};

/// Reads the bytes of one GGUF version 3 file (spec/gguf.md 1); `where` is its name for messages. Nothing from the
/// bytes is trusted; the first broken thing is named. Errors: kCorrupt, kUnsupported (version, byte order, nested
/// arrays, removed element types), kLimit.
Result<GgufContents> parse_gguf(std::span<const std::byte> bytes, std::string where);

/// general.alignment, or 32 where the file has none.
Result<std::uint64_t> gguf_alignment(const GgufMetadata& metadata);

/// One mapped file of a single or split GGUF model.
struct GgufPart {
  MappedFile file;
  GgufContents contents;

  static Result<GgufPart> open(const std::filesystem::path& path);
};

}  // namespace carat::formats
