#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "formats/model_source.h"

namespace carat::model {

/// The section of the tokenizer's tables; absent where the model has none. On disk, do not change.
inline constexpr std::string_view kTokenizerSection = "tokenizer";

/// A tensor that was packed: its section and the hash of its bytes in the model's file (nn::hash_tensor).
struct SourceTensor {
  std::string section;
  Hash128 hash;
};

/// PackedOrigin::source_hash: of the tensors in order of their sections' names, and of the vocabulary.
Hash128 combined_hash(std::vector<SourceTensor> tensors, const formats::ModelSource& source);

}  // namespace carat::model
