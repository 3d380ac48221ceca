#pragma once

#include <cstddef>
#include <span>

namespace carat::fuzz {

/// What must hold of any bytes read as a safetensors file: refused in a sentence, or every tensor inside the file, none
/// over another, and all as a second reader of the header sees them; both readers refuse the same files.
void check_safetensors(std::span<const std::byte> file);

}  // namespace carat::fuzz
