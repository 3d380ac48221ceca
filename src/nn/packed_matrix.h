#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/thread_pool.h"
#include "formats/tensor_source.h"
#include "kernels/packed/packed_view.h"
#include "tensor/buffer.h"

namespace carat::nn {

/// A weight of a file made ready for the kernels: owns the packed bytes. A tensor [slices, rows, cols] (experts)
/// becomes `slices` matrices one behind the other; a plain matrix has one.
///
///     ASSIGN_OR_RETURN(PackedMatrix q, PackedMatrix::pack(*tensors.q_proj, pool));
///     kernels::matmul(x, q.view(), y, exec);
///
/// Const after pack(): any thread may read it.
class PackedMatrix {
 public:
  PackedMatrix() = default;

  /// Packs on all threads of the pool. The bytes depend on the tensor only.
  /// Errors: kCorrupt "tensor X: scale of rows 16-31 is not finite ..."; kOutOfMemory; kUnsupported for a type that is
  /// no weight.
  static Result<PackedMatrix> pack(const formats::Tensor& tensor, ThreadPool& pool);

  /// What pack() will allocate, for the memory plan.
  static std::int64_t packed_bytes(const formats::Tensor& tensor);

  bool empty() const { return view_.data == nullptr; }
  const kernels::PackedView& view() const { return view_; }
  kernels::PackedView slice(std::int64_t i) const {
    kernels::PackedView v = view_;
    v.data += i * v.n_groups() * v.group_bytes;
    return v;
  }
  std::int64_t bytes() const { return static_cast<std::int64_t>(buffer_.size()); }

 private:
  Buffer buffer_;
  kernels::PackedView view_;  ///< of slice 0
};

}  // namespace carat::nn
