#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// Finds tensors by name: positions in the list, sorted by name (so it may be moved along with the list).
class TensorIndex {
 public:
  TensorIndex() = default;

  /// Errors: kCorrupt naming a tensor that is there twice; `where` is the file or folder.
  static Result<TensorIndex> build(std::span<const Tensor> tensors, std::string_view where);

  /// `tensors` is the list it was built from.
  const Tensor* find(std::span<const Tensor> tensors, std::string_view name) const;

 private:
  std::vector<std::uint32_t> by_name_;
};

/// Bytes of a tensor of this type and shape. Errors name the tensor: extents below 1, a row that is no multiple of the
/// block, a size beyond 64 bits.
Result<std::uint64_t> tensor_bytes(std::string_view where, std::string_view name, DType dtype,
                                   std::span<const std::int64_t> shape);

/// A byte range of a file's data that a tensor claims.
struct TensorRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint32_t tensor = 0;  ///< position in the list
};

/// Errors: kCorrupt naming two tensors whose bytes overlap.
Result<void> check_no_overlap(std::vector<TensorRange> ranges, std::span<const Tensor> tensors, std::string_view where);

}  // namespace carat::formats
