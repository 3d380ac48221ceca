#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "base/result.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// Writes a safetensors file: header padded with blanks to a multiple of 8 bytes, tensors back to back in the order
/// given. Reading it back gives the same names, types, shapes, bytes and metadata, and writing that again the same
/// file. Appears under its name only when complete. Errors: kInvalidArgument for a tensor the format cannot hold.
Result<void> write_safetensors(const std::filesystem::path& path, std::span<const Tensor> tensors,
                               const std::map<std::string, std::string>& metadata = {});

}  // namespace carat::formats
