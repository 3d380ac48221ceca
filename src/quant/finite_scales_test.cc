#include <gtest/gtest.h>

#include <initializer_list>

#include "quant/decode.h"
#include "quant/quant_testing.h"

namespace carat::quant {
namespace {

TEST(FiniteScales, AcceptsSaneRows) {
  for (const WeightType& type : weight_types()) {
    const auto row = testing::random_row(type.dtype, 9, 3);
    EXPECT_TRUE(finite_scales(type.dtype, row.data(), 9 * dtype_info(type.dtype).block_elements))
        << dtype_name(type.dtype);
  }
}

TEST(FiniteScales, FindsNaNAndInfinityInEveryHalfOfEveryBlock) {
  for (const WeightType& type : weight_types()) {
    const std::size_t block_bytes = dtype_info(type.dtype).block_bytes;
    for (std::size_t offset : testing::half_offsets(type.dtype)) {
      for (std::size_t block : {0, 4, 8}) {
        for (std::uint16_t bad : {0x7C00, 0xFC00, 0x7E00, 0xFC01}) {
          auto row = testing::random_row(type.dtype, 9, 3);
          std::memcpy(row.data() + block * block_bytes + offset, &bad, 2);
          EXPECT_FALSE(finite_scales(type.dtype, row.data(), 9 * dtype_info(type.dtype).block_elements))
              << dtype_name(type.dtype) << " block " << block << " offset " << offset;
        }
      }
    }
  }
}

TEST(FiniteScales, LooksAtPlainElements) {
  const std::uint32_t f32[] = {0x3F800000, 0x7F800000};
  EXPECT_TRUE(finite_scales(DType::kF32, reinterpret_cast<const std::byte*>(f32), 1));
  EXPECT_FALSE(finite_scales(DType::kF32, reinterpret_cast<const std::byte*>(f32), 2));
  const std::uint16_t bf16[] = {0x3F80, 0xFFC0};
  EXPECT_TRUE(finite_scales(DType::kBF16, reinterpret_cast<const std::byte*>(bf16), 1));
  EXPECT_FALSE(finite_scales(DType::kBF16, reinterpret_cast<const std::byte*>(bf16), 2));
}

TEST(FiniteScales, RefusesMXFP4ValuesThatOverflow) {
  std::vector<std::byte> block(17, std::byte{0x77});  // 0x7 = 6.0, doubled 12
  block[0] = std::byte{252};
  EXPECT_TRUE(finite_scales(DType::kMXFP4, block.data(), 32));
  block[0] = std::byte{253};
  EXPECT_FALSE(finite_scales(DType::kMXFP4, block.data(), 32));
  block.assign(17, std::byte{0x11});  // 0.5, doubled 1: 2^127 still fits, e = 255 is no NaN
  block[0] = std::byte{255};
  EXPECT_TRUE(finite_scales(DType::kMXFP4, block.data(), 32));
}

}  // namespace
}  // namespace carat::quant
