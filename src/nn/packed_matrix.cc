#include "nn/packed_matrix.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>

#include "kernels/packed/pack.h"

namespace carat::nn {
namespace {

struct Shape {
  std::int64_t slices, rows, cols;
};

Shape matrix_shape(const formats::Tensor& t) {
  const std::int64_t cols = t.cols();
  const std::int64_t rows = t.shape.size() >= 2 ? t.shape[t.shape.size() - 2] : 1;
  return {t.n_elements() / (rows * cols), rows, cols};
}

}  // namespace

std::int64_t PackedMatrix::packed_bytes(const formats::Tensor& tensor) {
  const Shape s = matrix_shape(tensor);
  const kernels::PackedView v = kernels::plan_packed(tensor.dtype, s.rows, s.cols);
  return s.slices * v.n_groups() * v.group_bytes;
}

Result<PackedMatrix> PackedMatrix::pack(const formats::Tensor& tensor, ThreadPool& pool) {
  if (!kernels::packed_format(tensor.dtype)) {
    return unsupported(fmt::format("tensor {}: type {} cannot be multiplied by; convert the model to another type",
                                   tensor.name, dtype_name(tensor.dtype)));
  }
  const Shape s = matrix_shape(tensor);
  PackedMatrix matrix;
  matrix.view_ = kernels::plan_packed(tensor.dtype, s.rows, s.cols);
  const kernels::PackedView& v = matrix.view_;
  ASSIGN_OR_RETURN(matrix.buffer_, Buffer::allocate(static_cast<std::size_t>(packed_bytes(tensor))));
  const DTypeInfo& info = dtype_info(tensor.dtype);
  const std::int64_t row_bytes = s.cols / info.block_elements * info.block_bytes;
  auto* out = matrix.buffer_.as<std::uint8_t>();
  const std::int64_t n_groups = s.slices * v.n_groups();
  constexpr std::int64_t kNone = std::int64_t{1} << 62;
  std::atomic<std::int64_t> first_bad{kNone};
  const std::int64_t n_shares = std::min<std::int64_t>(n_groups, std::int64_t{16} * pool.n_threads());
  pool.run(n_shares, [&](std::int64_t share, int) {
    const std::int64_t end = n_groups * (share + 1) / n_shares;
    for (std::int64_t g = n_groups * share / n_shares; g < end; ++g) {
      const std::int64_t slice = g / v.n_groups(), in_slice = g % v.n_groups();
      const std::int64_t row = slice * s.rows + in_slice * kernels::kGroupRows;
      if (!kernels::pack_group(v, tensor.dtype, tensor.data.data() + row * row_bytes, row_bytes, in_slice,
                               out + g * v.group_bytes)) {
        std::int64_t seen = first_bad.load();
        while (row < seen && !first_bad.compare_exchange_weak(seen, row)) {
        }
        return;
      }
    }
  });
  if (first_bad.load() != kNone) {
    return corrupt(fmt::format("tensor {}: a scale in rows {} to {} is not a finite number; download the file again",
                               tensor.name, first_bad.load(), first_bad.load() + kernels::kGroupRows - 1));
  }
  matrix.view_.data = out;
  return matrix;
}

}  // namespace carat::nn
