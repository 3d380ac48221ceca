#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// A tensor that owns its bytes, for writing.
///
///     const OwnedTensor logits("logits", {1, vocab_size}, std::span<const float>(row));
///     RETURN_IF_ERROR(write_safetensors("out.safetensors", views_of({&logits, 1})));
class OwnedTensor {
 public:
  /// REQUIRES: as many values as the shape has elements.
  OwnedTensor(std::string name, std::vector<std::int64_t> shape, std::span<const float> values);
  OwnedTensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int32_t> values);
  OwnedTensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int64_t> values);
  OwnedTensor(std::string name, DType dtype, std::vector<std::int64_t> shape, std::vector<std::byte> bytes);
  OwnedTensor(OwnedTensor&&) = default;
  OwnedTensor& operator=(OwnedTensor&&) = default;

  /// Views the object's bytes; valid as long as it lives, also after a move.
  const Tensor& tensor() const { return tensor_; }

 private:
  std::vector<std::byte> bytes_;
  Tensor tensor_;
};

/// The views, for the writers.
std::vector<Tensor> views_of(std::span<const OwnedTensor> tensors);

/// All values of an F32, F16 or BF16 tensor, exactly. Errors: kUnsupported naming the tensor and its type.
Result<std::vector<float>> to_floats(const Tensor& tensor);

/// All values of a tensor of integers (U64 beyond int64 refused) or bools.
Result<std::vector<std::int64_t>> to_ints(const Tensor& tensor);

}  // namespace carat::formats
