#pragma once

#include <cstddef>
#include <span>

namespace carat::fuzz {

/// What must hold of any bytes read as a GGUF file: refused in a sentence, or every value and tensor inside the file
/// and as the second reader (gguf_reader.h) sees it; both readers refuse the same files. Then reads every value as
/// every type, and the vocabulary.
void check_gguf(std::span<const std::byte> file);

}  // namespace carat::fuzz
