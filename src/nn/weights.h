#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/tensor_source.h"

namespace carat::nn {

/// A tensor of any weight type as plain f32, for vectors: norms, scalars, router scales.
/// `add` is added to every element (Gemma 3's norms store w of 1 + w). Error: kCorrupt when a value is not finite.
Result<std::vector<float>> read_vector(const formats::Tensor& tensor, float add = 0.0f);

/// An embedding table that stays in its file: one row is decoded when it is looked up, so a 5 GB per-layer table costs
/// no memory of ours. Keeps a pointer to the tensor; the source must outlive it.
class Embedding {
 public:
  Embedding() = default;
  explicit Embedding(const formats::Tensor* table) : table_(table) {}

  bool empty() const { return table_ == nullptr; }
  std::int64_t rows() const { return table_->rows(); }

  /// out[i] = table[id, i] * scale, i < cols. REQUIRES: 0 <= id < rows().
  /// Error: kCorrupt when the row holds a scale that is not finite.
  Result<void> lookup(std::int64_t id, float scale, std::span<float> out) const;

 private:
  const formats::Tensor* table_ = nullptr;
};

}  // namespace carat::nn
