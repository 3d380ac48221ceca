#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace carat::formats {

/// One tensor of a file. `shape` is slowest dimension first (GGUF's dims reversed), so a linear weight is [out, in];
/// `data` are its bytes in the mapped file, exactly rows * (cols / block_elements) * block_bytes of them.
struct Tensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;

  std::int64_t cols() const { return shape.empty() ? 1 : shape.back(); }
  std::int64_t n_elements() const {
    std::int64_t n = 1;
    for (std::int64_t d : shape) n *= d;  // readers refuse shapes whose product overflows
    return n;
  }
  std::int64_t rows() const { return cols() == 0 ? 0 : n_elements() / cols(); }
};

/// Named tensors, wherever they lie: one GGUF file, a split one, one safetensors file, a sharded folder.
/// Views stay valid as long as the source lives; const after construction, so any thread may read it.
class TensorSource {
 public:
  virtual ~TensorSource() = default;

  /// In file order (parts in order).
  virtual std::span<const Tensor> tensors() const = 0;
  /// nullptr when there is no such tensor.
  virtual const Tensor* find(std::string_view name) const = 0;
};

}  // namespace carat::formats
