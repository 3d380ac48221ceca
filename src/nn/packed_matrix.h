#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/hash.h"
#include "base/progress.h"
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
  /// With `source_hash` the tensor's own bytes are hashed on the way, as hash_tensor() does. `progress` counts packed
  /// bytes.
  static Result<PackedMatrix> pack(const formats::Tensor& tensor, ThreadPool& pool, Hash128* source_hash = nullptr,
                                   ProgressCounter* progress = nullptr);

  /// What pack() made of this tensor before, looked at where it lies. REQUIRES: packed.size() == packed_bytes(tensor);
  /// the bytes outlive the matrix and lie at a multiple of 64.
  static PackedMatrix view_of(const formats::Tensor& tensor, std::span<const std::byte> packed);

  /// What pack() will allocate, for the memory plan.
  static std::int64_t packed_bytes(const formats::Tensor& tensor);

  bool empty() const { return view_.data == nullptr; }
  const kernels::PackedView& view() const { return view_; }
  kernels::PackedView slice(std::int64_t i) const {
    kernels::PackedView v = view_;
    v.data += i * v.n_groups() * v.group_bytes;
    return v;
  }
  std::int64_t bytes() const { return static_cast<std::int64_t>(packed_.size()); }
  std::span<const std::byte> packed() const { return packed_; }

 private:
  Buffer buffer_;                      ///< empty when the bytes are somebody else's
  std::span<const std::byte> packed_;  ///< of all slices
  kernels::PackedView view_;           ///< of slice 0
};

/// A hash of a tensor's bytes in its file, taken on all threads of the pool; depends on the bytes and the shape only.
/// `progress` counts them.
Hash128 hash_tensor(const formats::Tensor& tensor, ThreadPool& pool, ProgressCounter* progress = nullptr);

}  // namespace carat::nn
