#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// What one safetensors file says: u64 header length, a JSON header, tensor data. Tensors are in the header's order and
/// view the file's bytes, which need not be aligned to their type.
struct SafetensorsContents {
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;  ///< "__metadata__"
};

/// Reads the bytes of one safetensors file; `where` is its name for messages. Errors name the first broken thing:
/// kCorrupt, kUnsupported (a dtype carat does not know), kLimit.
Result<SafetensorsContents> parse_safetensors(std::span<const std::byte> bytes, const std::string& where);

/// Whether the bytes begin as a safetensors file does: a header length that fits, then an opening brace.
bool looks_like_safetensors(std::span<const std::byte> bytes);

/// One mapped file.
struct SafetensorsPart {
  MappedFile file;
  SafetensorsContents contents;

  static Result<SafetensorsPart> open(const std::filesystem::path& path);
};

}  // namespace carat::formats
