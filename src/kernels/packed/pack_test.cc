#include "kernels/packed/pack.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "kernels/packed/packed_testing.h"
#include "quant/decode.h"

namespace carat::kernels {
namespace {

using testing::PackedWeights;

/// Columns that end inside, at and behind a padding unit, as far as the type's blocks allow.
std::vector<std::int64_t> columns_of(DType dtype) {
  switch (dtype_info(dtype).block_elements) {
    case 1:
      return {1, 8, 16, 32, 63, 64, 65, 96, 704};
    case 32:
      return {32, 64, 96, 160, 704};
    default:
      return {256, 512, 768};
  }
}

TEST(PackedFormat, EveryWeightTypeHasOneAndOnlyThose) {
  std::set<PackedFormat> seen;
  for (int i = 0; i <= static_cast<int>(DType::kQ2_0); ++i) {
    const auto dtype = static_cast<DType>(i);
    const auto format = packed_format(dtype);
    EXPECT_EQ(format.has_value(), dtype_info(dtype).is_weight) << dtype_name(dtype);
    if (format) seen.insert(*format);
  }
  EXPECT_EQ(seen.size(), 15u);
  for (const PackedFormat format : seen) EXPECT_STRNE(packed_format_name(format), "?");
}

TEST(PackedFormat, KeepsTheFilesSizeWhereDesignSaysSo) {
  for (const auto& [dtype, bytes] :
       {std::pair{DType::kQ4_0, 18 * 8}, {DType::kQ8_0, 34 * 8}, {DType::kQ6_K, 210}, {DType::kBF16, 512}}) {
    const PackedView v = plan_packed(dtype, 16, 512);
    EXPECT_EQ(v.n_groups() * v.group_bytes, 16 * 2 * bytes) << dtype_name(dtype);
  }
}

// Within one f32 rounding of the product and one of the difference: most types say the very same bits.
TEST(Pack, DecodesToTheFilesValues) {
  for (const quant::WeightType& type : quant::weight_types()) {
    for (const std::int64_t rows : {1, 15, 16, 17, 40}) {
      for (const std::int64_t cols : columns_of(type.dtype)) {
        const PackedWeights w = testing::random_weights(type.dtype, rows, cols, 1);
        std::vector<float> want(static_cast<std::size_t>(cols)), got(want);
        for (std::int64_t r = 0; r < rows; ++r) {
          quant::decode_row(type.dtype, w.file.data() + r * w.row_bytes, cols, want.data());
          decode_packed_row(w.view, r, got.data());
          for (std::size_t k = 0; k < want.size(); ++k) {
            ASSERT_EQ(got[k], want[k]) << dtype_name(type.dtype) << " row " << r << " of " << rows << ", k " << k;
          }
        }
      }
    }
  }
}

// Rows and columns of padding are read by the kernels: they must multiply as zeros.
TEST(Pack, PaddingIsZero) {
  for (const quant::WeightType& type : quant::weight_types()) {
    for (const std::int64_t rows : {1, 15, 17}) {
      const std::int64_t cols = columns_of(type.dtype).front();
      PackedWeights w = testing::random_weights(type.dtype, rows, cols, 1);
      PackedView whole = w.view;
      whole.rows = w.view.n_groups() * kGroupRows;
      whole.cols = w.view.cols_padded;
      std::vector<float> y(static_cast<std::size_t>(whole.cols));
      for (std::int64_t r = 0; r < whole.rows; ++r) {
        decode_packed_row(whole, r, y.data());
        for (std::int64_t k = r < rows ? cols : 0; k < whole.cols; ++k) {
          ASSERT_EQ(y[static_cast<std::size_t>(k)], 0) << dtype_name(type.dtype) << " row " << r << " k " << k;
        }
      }
    }
  }
}

TEST(Pack, GroupsDoNotDependOnEachOther) {
  for (const quant::WeightType& type : quant::weight_types()) {
    const std::int64_t cols = columns_of(type.dtype).back();
    const PackedWeights w = testing::random_weights(type.dtype, 40, cols, 1);
    for (std::int64_t g = 0; g < 3; ++g) {
      std::vector<std::uint8_t> alone(static_cast<std::size_t>(w.view.group_bytes), 0);
      ASSERT_TRUE(
          pack_group(w.view, type.dtype, w.file.data() + g * kGroupRows * w.row_bytes, w.row_bytes, g, alone.data()));
      EXPECT_EQ(std::memcmp(alone.data(), w.view.data + g * w.view.group_bytes, alone.size()), 0)
          << dtype_name(type.dtype);
    }
  }
}

TEST(Pack, RefusesScalesThatAreNoNumbers) {
  for (const quant::WeightType& type : quant::weight_types()) {
    const std::int64_t cols = columns_of(type.dtype).back();
    PackedWeights w = testing::random_weights(type.dtype, 16, cols, 1);
    const DTypeInfo& info = dtype_info(type.dtype);
    // The last block of the last row.
    std::byte* block = w.file.data() + w.file.size() - info.block_bytes;
    std::vector<std::size_t> tops;  // offset of the byte that holds the exponent
    for (const std::size_t half : quant::testing::half_offsets(type.dtype)) tops.push_back(half + 1);
    if (type.dtype == DType::kF32) tops.push_back(3);
    if (type.dtype == DType::kBF16) tops.push_back(1);
    for (const std::size_t top : tops) {
      const std::vector<std::byte> saved(block, block + info.block_bytes);
      block[top] = std::byte{0x7F};
      block[top - 1] = std::byte{0xFF};
      std::vector<std::uint8_t> group(static_cast<std::size_t>(w.view.group_bytes), 0);
      EXPECT_FALSE(pack_group(w.view, type.dtype, w.file.data(), w.row_bytes, 0, group.data()))
          << dtype_name(type.dtype) << " byte " << top;
      std::copy(saved.begin(), saved.end(), block);
    }
  }
}

}  // namespace
}  // namespace carat::kernels
