#include "quant/codes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>

#include "quant/decode.h"
#include "quant/quant_testing.h"

namespace carat::quant {
namespace {

/// scale * (code - zero_point) - min, in float32.
std::vector<float> reconstruct(const CodeFormat& format, const RowCodes& row) {
  std::vector<float> values(row.codes.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto block = static_cast<std::int64_t>(i) / format.block;
    const float product =
        scale_of(format, row, block) * static_cast<float>(static_cast<int>(row.codes[i]) - format.zero_point);
    values[i] = format.has_min ? product - min_of(format, row, block) : product;
  }
  return values;
}

void expect_lossless(DType dtype, std::int64_t n_blocks, std::uint32_t seed) {
  const CodeFormat& format = *code_format(dtype);
  const auto row = testing::random_row(dtype, n_blocks, seed);
  const std::int64_t n = n_blocks * dtype_info(dtype).block_elements;
  std::vector<float> want(static_cast<std::size_t>(n));
  decode_row(dtype, row.data(), n, want.data());
  RowCodes codes;
  unpack_codes(dtype, row.data(), n, codes);
  const std::vector<float> got = reconstruct(format, codes);
  for (std::size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(want[i]))
        << dtype_name(dtype) << " element " << i << ": " << got[i] << " instead of " << want[i];
    ASSERT_LT(codes.codes[i], 1 << format.code_bits) << dtype_name(dtype);
  }
}

TEST(UnpackCodes, LosesNothing) {
  for (const WeightType& type : weight_types()) {
    if (code_format(type.dtype) == nullptr) continue;
    for (std::uint32_t seed = 0; seed < 40; ++seed) expect_lossless(type.dtype, 1 + seed % 9, seed);
  }
}

RC_GTEST_PROP(UnpackCodes, LosesNothingOnRandomRows, ()) {
  const auto types = weight_types();
  const auto& type = types[*rc::gen::inRange<std::size_t>(0, types.size())];
  if (code_format(type.dtype) == nullptr) return;
  expect_lossless(type.dtype, *rc::gen::inRange<std::int64_t>(0, 12), *rc::gen::arbitrary<std::uint32_t>());
}

TEST(UnpackCodes, ReusesItsOutputForAnotherType) {
  RowCodes codes;
  const auto q4_k = testing::random_row(DType::kQ4_K, 3, 7);
  unpack_codes(DType::kQ4_K, q4_k.data(), 768, codes);
  EXPECT_EQ(codes.sub_m.size(), 24U);
  const auto q4_0 = testing::random_row(DType::kQ4_0, 2, 8);
  unpack_codes(DType::kQ4_0, q4_0.data(), 64, codes);
  EXPECT_EQ(codes.codes.size(), 64U);
  EXPECT_EQ(codes.d.size(), 2U);
  EXPECT_TRUE(codes.sub_d.empty() && codes.sub_m.empty() && codes.m.empty() && codes.d32.empty());
}

TEST(CodeFormat, IsOfOneOfTheFourKinds) {
  int n_coded = 0;
  for (const WeightType& type : weight_types()) {
    const CodeFormat* format = code_format(type.dtype);
    if (format == nullptr) continue;
    ++n_coded;
    EXPECT_TRUE(format->block == 16 || format->block == 32) << dtype_name(type.dtype);
    EXPECT_TRUE(format->code_bits == 4 || format->code_bits == 6 || format->code_bits == 8) << dtype_name(type.dtype);
    EXPECT_EQ(format->has_min, format->zero_point == 0) << dtype_name(type.dtype);
  }
  EXPECT_EQ(n_coded, 13);
  EXPECT_EQ(code_format(DType::kBF16), nullptr);
  EXPECT_EQ(code_format(DType::kIQ2_XS), nullptr);
}

}  // namespace
}  // namespace carat::quant
