#include "nn/packed_matrix.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <vector>

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

// The shares of a tensor that threads take: groups of rows, about 64 KiB of the file, so that what is hashed is still
// in the first caches when it is packed. They depend on the tensor only, since its hash is made of theirs.
class Shares {
 public:
  explicit Shares(const formats::Tensor& tensor) : shape_(matrix_shape(tensor)), data_(tensor.data) {
    const DTypeInfo& info = dtype_info(tensor.dtype);
    row_bytes_ = shape_.cols / info.block_elements * info.block_bytes;
    groups_of_slice_ = (shape_.rows + kernels::kGroupRows - 1) / kernels::kGroupRows;
    n_groups_ = shape_.slices * groups_of_slice_;
    constexpr std::int64_t kBytes = 64 << 10, kMost = std::int64_t{1} << 19;
    groups_ = std::max({std::int64_t{1}, kBytes / (kernels::kGroupRows * row_bytes_), (n_groups_ + kMost - 1) / kMost});
  }

  const Shape& shape() const { return shape_; }
  std::int64_t row_bytes() const { return row_bytes_; }
  std::int64_t n_shares() const { return (n_groups_ + groups_ - 1) / groups_; }
  std::int64_t first_group(std::int64_t share) const { return std::min(share * groups_, n_groups_); }
  /// Row of the tensor at which a group begins.
  std::int64_t first_row(std::int64_t group) const {
    return group / groups_of_slice_ * shape_.rows + group % groups_of_slice_ * kernels::kGroupRows;
  }
  /// Of the file.
  std::span<const std::byte> bytes(std::int64_t share) const {
    const std::int64_t begin = first_row(first_group(share)), end = first_row(first_group(share + 1));
    return data_.subspan(static_cast<std::size_t>(begin * row_bytes_),
                         static_cast<std::size_t>((end - begin) * row_bytes_));
  }

 private:
  Shape shape_;
  std::span<const std::byte> data_;
  std::int64_t row_bytes_ = 0, groups_of_slice_ = 0, n_groups_ = 0, groups_ = 0;
};

Hash128 combined(const std::vector<Hash128>& hashes) { return hash128(std::as_bytes(std::span(hashes))); }

}  // namespace

Hash128 hash_tensor(const formats::Tensor& tensor, ThreadPool& pool, ProgressCounter* progress) {
  const Shares shares(tensor);
  std::vector<Hash128> hashes(static_cast<std::size_t>(shares.n_shares()));
  pool.run(shares.n_shares(), [&](std::int64_t share, int thread) {
    hashes[static_cast<std::size_t>(share)] = hash128(shares.bytes(share));
    if (progress != nullptr) progress->add(shares.bytes(share).size(), thread);
  });
  return combined(hashes);
}

std::int64_t PackedMatrix::packed_bytes(const formats::Tensor& tensor) {
  const Shape s = matrix_shape(tensor);
  const kernels::PackedView v = kernels::plan_packed(tensor.dtype, s.rows, s.cols);
  return s.slices * v.n_groups() * v.group_bytes;
}

PackedMatrix PackedMatrix::view_of(const formats::Tensor& tensor, std::span<const std::byte> packed) {
  CARAT_CHECK(packed.size() == static_cast<std::size_t>(packed_bytes(tensor)));
  const Shape s = matrix_shape(tensor);
  PackedMatrix matrix;
  matrix.packed_ = packed;
  matrix.view_ = kernels::plan_packed(tensor.dtype, s.rows, s.cols);
  matrix.view_.data = reinterpret_cast<const std::uint8_t*>(packed.data());
  return matrix;
}

Result<PackedMatrix> PackedMatrix::pack(const formats::Tensor& tensor, ThreadPool& pool, Hash128* source_hash,
                                        ProgressCounter* progress) {
  if (!kernels::packed_format(tensor.dtype)) {
    return unsupported(fmt::format("tensor {}: type {} cannot be multiplied by; convert the model to another type",
                                   tensor.name, dtype_name(tensor.dtype)));
  }
  const Shares shares(tensor);
  const Shape& s = shares.shape();
  PackedMatrix matrix;
  matrix.view_ = kernels::plan_packed(tensor.dtype, s.rows, s.cols);
  const kernels::PackedView& v = matrix.view_;
  ASSIGN_OR_RETURN(matrix.buffer_, Buffer::allocate(static_cast<std::size_t>(packed_bytes(tensor))));
  auto* out = matrix.buffer_.as<std::uint8_t>();
  constexpr std::int64_t kNone = std::int64_t{1} << 62;
  std::atomic<std::int64_t> first_bad{kNone};
  std::vector<Hash128> hashes(source_hash != nullptr ? static_cast<std::size_t>(shares.n_shares()) : 0);
  pool.run(shares.n_shares(), [&](std::int64_t share, int thread) {
    if (source_hash != nullptr) hashes[static_cast<std::size_t>(share)] = hash128(shares.bytes(share));
    const std::int64_t first = shares.first_group(share), end = shares.first_group(share + 1);
    for (std::int64_t g = first; g < end; ++g) {
      const std::int64_t row = shares.first_row(g);
      if (!kernels::pack_group(v, tensor.dtype, tensor.data.data() + row * shares.row_bytes(), shares.row_bytes(),
                               g % v.n_groups(), out + g * v.group_bytes)) {
        std::int64_t seen = first_bad.load();
        while (row < seen && !first_bad.compare_exchange_weak(seen, row)) {
        }
        return;
      }
    }
    if (progress != nullptr) progress->add(static_cast<std::uint64_t>((end - first) * v.group_bytes), thread);
  });
  if (first_bad.load() != kNone) {
    return corrupt(fmt::format("tensor {}: a scale in rows {} to {} is not a finite number; download the file again",
                               tensor.name, first_bad.load(), first_bad.load() + kernels::kGroupRows - 1));
  }
  if (source_hash != nullptr) *source_hash = combined(hashes);
  matrix.view_.data = out;
  matrix.packed_ = {matrix.buffer_.data(), matrix.buffer_.size()};
  return matrix;
}

}  // namespace carat::nn
