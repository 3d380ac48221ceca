#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "quant/weight_types.h"

/// Test helper: rows of random bytes with sane scales.
namespace carat::quant::testing {

/// The offsets of a type's f16 fields inside its block. On disk, so written down here a second time.
inline std::vector<std::size_t> half_offsets(DType dtype) {
  switch (dtype) {
    case DType::kQ4_0:
    case DType::kQ5_0:
    case DType::kQ8_0:
    case DType::kIQ4_NL:
    case DType::kIQ4_XS:
    case DType::kF16:
      return {0};
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return {0, 2};
    case DType::kQ2_K:
      return {80, 82};
    case DType::kQ3_K:
      return {108};
    case DType::kQ6_K:
      return {208};
    default:
      return {};
  }
}

/// `n_blocks` blocks of random bytes; every f16 field is finite, of any sign, subnormals included.
inline std::vector<std::byte> random_row(DType dtype, std::int64_t n_blocks, std::uint32_t seed) {
  std::mt19937 rng(seed);
  const std::size_t block_bytes = dtype_info(dtype).block_bytes;
  std::vector<std::byte> row(block_bytes * static_cast<std::size_t>(n_blocks));
  for (std::byte& b : row) b = static_cast<std::byte>(rng());
  for (std::size_t block = 0; block < row.size(); block += block_bytes) {
    for (std::size_t offset : half_offsets(dtype)) {
      std::byte& high = row[block + offset + 1];
      if ((high & std::byte{0x7C}) == std::byte{0x7C}) high &= std::byte{0xBF};
    }
    if (dtype == DType::kMXFP4 && row[block] > std::byte{252}) row[block] = std::byte{127};
    if (dtype == DType::kF32 || dtype == DType::kBF16) row[block + block_bytes - 1] &= std::byte{0xBF};
  }
  return row;
}

}  // namespace carat::quant::testing
