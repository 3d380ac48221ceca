#pragma once

#include <filesystem>
#include <span>

#include "base/result.h"
#include "formats/gguf/gguf_metadata.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// Writes a GGUF version 3 file: the metadata in its order and types, the tensors in theirs, each at the alignment that
/// general.alignment asks for (32 without). Reading the file back gives the same values and bytes, and writing that
/// again the same file. Appears under its name only when complete. Errors: kInvalidArgument for a tensor the format
/// cannot hold (type, dimensions, size, name twice); those of FileWriter.
Result<void> write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata,
                        std::span<const Tensor> tensors);

}  // namespace carat::formats
