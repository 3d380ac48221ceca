#pragma once

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/check.h"
#include "kernels/packed/layout.h"
#include "kernels/packed/pack.h"
#include "quant/quant_testing.h"
#include "quant/weight_types.h"
#include "tensor/half.h"

/// Test helper: random weights of every type, packed.
namespace carat::kernels::testing {

/// One row of `cols` weights as a file holds it: plain types N(0, 1); block types random codes and sub-scales under f16
/// scales of 2^-6 ... 2^-1 with random signs, one in sixteen subnormal or zero. Magnitudes stay near one another, so
/// that every block of a row counts in a sum.
inline std::vector<std::byte> random_weight_row(DType dtype, std::int64_t cols, std::mt19937& rng) {
  const DTypeInfo& info = dtype_info(dtype);
  CARAT_CHECK(cols % info.block_elements == 0);
  const std::int64_t n_blocks = cols / info.block_elements;
  std::vector<std::byte> row(static_cast<std::size_t>(n_blocks) * info.block_bytes);
  if (info.block_elements == 1) {
    std::normal_distribution<float> normal;
    for (std::int64_t i = 0; i < cols; ++i) {
      const float v = normal(rng);
      const std::uint16_t half = dtype == DType::kF16 ? f32_to_f16(v) : f32_to_bf16(v);
      const void* src = dtype == DType::kF32 ? static_cast<const void*>(&v) : &half;
      std::memcpy(row.data() + i * info.block_bytes, src, info.block_bytes);
    }
    return row;
  }
  for (std::byte& b : row) b = static_cast<std::byte>(rng());
  for (std::size_t at = 0; at < row.size(); at += info.block_bytes) {
    for (const std::size_t offset : quant::testing::half_offsets(dtype)) {
      const std::uint32_t exponent = rng() % 16 == 0 ? 0 : 9 + rng() % 6;
      const auto half = static_cast<std::uint16_t>((rng() & 0x83FFu) | exponent << 10);
      std::memcpy(row.data() + at + offset, &half, sizeof half);
    }
    if (dtype == DType::kMXFP4) row[at] = static_cast<std::byte>(rng() % 16 == 0 ? rng() % 3 : 121 + rng() % 6);
  }
  return row;
}

/// A weight matrix as the file has it and as the kernels want it.
struct PackedWeights {
  DType dtype = DType::kF32;
  std::vector<std::byte> file;  ///< rows, row_bytes apart
  std::int64_t row_bytes = 0;
  std::vector<std::uint8_t> packed;
  PackedView view;
};

/// `shift`: the packed bytes begin so many bytes behind the allocation; a multiple of 4.
inline PackedWeights pack_rows(DType dtype, std::int64_t rows, std::int64_t cols, std::vector<std::byte> file,
                               std::int64_t shift = 0) {
  PackedWeights w;
  w.dtype = dtype;
  w.file = std::move(file);
  w.row_bytes = static_cast<std::int64_t>(w.file.size()) / rows;
  w.view = plan_packed(dtype, rows, cols);
  w.packed.assign(static_cast<std::size_t>(shift + w.view.n_groups() * w.view.group_bytes), 0);
  for (std::int64_t g = 0; g < w.view.n_groups(); ++g) {
    const bool ok = pack_group(w.view, dtype, w.file.data() + g * kGroupRows * w.row_bytes, w.row_bytes, g,
                               w.packed.data() + shift + g * w.view.group_bytes);
    CARAT_CHECK(ok);
  }
  w.view.data = w.packed.data() + shift;
  return w;
}

inline PackedWeights random_weights(DType dtype, std::int64_t rows, std::int64_t cols, std::uint32_t seed,
                                    std::int64_t shift = 0) {
  std::mt19937 rng(seed);
  std::vector<std::byte> file;
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto row = random_weight_row(dtype, cols, rng);
    file.insert(file.end(), row.begin(), row.end());
  }
  return pack_rows(dtype, rows, cols, std::move(file), shift);
}

/// f32 weights [rows, cols], e.g. of a golden.
inline PackedWeights pack_floats(const std::vector<float>& values, std::int64_t rows, std::int64_t cols) {
  std::vector<std::byte> file(values.size() * sizeof(float));
  std::memcpy(file.data(), values.data(), file.size());
  return pack_rows(DType::kF32, rows, cols, std::move(file));
}

}  // namespace carat::kernels::testing
