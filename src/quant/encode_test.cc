#include "quant/encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "quant/decode.h"
#include "quant/quant_testing.h"
#include "quant/weight_types.h"

namespace carat::quant {
namespace {

constexpr std::int64_t kN = 256 * 64;

std::vector<float> normal_row(unsigned seed, float scale, float mean = 0) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(mean, scale);
  std::vector<float> row(kN);
  for (float& x : row) x = normal(rng);
  return row;
}

std::vector<std::byte> encoded(DType dtype, const std::vector<float>& row) {
  const DTypeInfo& info = dtype_info(dtype);
  std::vector<std::byte> bytes(row.size() / info.block_elements * info.block_bytes);
  encode_row(dtype, row.data(), static_cast<std::int64_t>(row.size()), bytes.data());
  return bytes;
}

std::vector<float> round_trip(DType dtype, const std::vector<float>& row) {
  std::vector<float> out(row.size());
  decode_row(dtype, encoded(dtype, row).data(), static_cast<std::int64_t>(row.size()), out.data());
  return out;
}

double relative_rms(const std::vector<float>& actual, const std::vector<float>& expected) {
  double errors = 0, squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double e = static_cast<double>(actual[i]) - static_cast<double>(expected[i]);
    errors += e * e;
    squares += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
  }
  return std::sqrt(errors / squares);
}

struct Bound {
  DType dtype;
  double relative_rms;  ///< of a round trip of N(0, 1), measured and rounded up
};

class EncodeRow : public ::testing::TestWithParam<Bound> {};

TEST_P(EncodeRow, RoundTripOfNormalValues) {
  for (const float scale : {0.02F, 1.0F, 30.0F}) {
    const auto row = normal_row(1, scale);
    const double error = relative_rms(round_trip(GetParam().dtype, row), row);
    EXPECT_LE(error, GetParam().relative_rms) << "scale " << scale;
    EXPECT_GE(error, 0.9 * GetParam().relative_rms) << "scale " << scale << ": tighten the bound";
  }
}

TEST_P(EncodeRow, WhatATypeCanHoldComesBackNearly) {
  // A second round trip moves nothing by more than the f16 rounding of a scale can.
  const auto once = round_trip(GetParam().dtype, normal_row(2, 0.5F, 0.1F));
  EXPECT_LE(relative_rms(round_trip(GetParam().dtype, once), once), 0.25 * GetParam().relative_rms + 1e-12);
}

TEST_P(EncodeRow, ZerosStayZeros) {
  const std::vector<float> zeros(kN, 0.0F);
  for (const float x : round_trip(GetParam().dtype, zeros)) ASSERT_EQ(x, 0.0F);
}

TEST_P(EncodeRow, EdgesStayFinite) {
  auto row = normal_row(3, 1.0F);
  for (std::size_t i = 0; i < row.size(); i += 5) row[i] *= 1e37F;
  for (std::size_t i = 2; i < row.size(); i += 7) row[i] *= 1e-40F;
  const auto bytes = encoded(GetParam().dtype, row);
  EXPECT_TRUE(finite_scales(GetParam().dtype, bytes.data(), kN));
}

INSTANTIATE_TEST_SUITE_P(Types, EncodeRow,
                         ::testing::Values(Bound{DType::kF32, 0}, Bound{DType::kF16, 2.2e-4},
                                           Bound{DType::kBF16, 1.75e-3}, Bound{DType::kQ4_0, 0.088},
                                           Bound{DType::kQ4_1, 0.080}, Bound{DType::kQ5_0, 0.044},
                                           Bound{DType::kQ5_1, 0.039}, Bound{DType::kQ8_0, 0.0055},
                                           Bound{DType::kQ2_K, 0.335}, Bound{DType::kQ3_K, 0.158},
                                           Bound{DType::kQ4_K, 0.080}, Bound{DType::kQ5_K, 0.039},
                                           Bound{DType::kQ6_K, 0.0192}, Bound{DType::kIQ4_NL, 0.081},
                                           Bound{DType::kIQ4_XS, 0.081}, Bound{DType::kMXFP4, 0.118}),
                         [](const auto& test) { return std::string(dtype_name(test.param.dtype)); });

TEST(EncodeRowTypes, EveryWeightTypeHasABound) {
  EXPECT_EQ(weight_types().size(), 16u) << "add the new type to the bounds above";
}

// The blocks of Q4_0 by hand: the largest magnitude, negative, is code 0; d = value / -8.
TEST(EncodeRowTypes, AQ4_0BlockByHand) {
  std::vector<float> row(32);
  for (int i = 0; i < 16; ++i) row[i] = static_cast<float>(i - 8);    // codes 0 ... 15
  for (int i = 16; i < 32; ++i) row[i] = static_cast<float>(23 - i);  // codes 15 ... 0
  const auto bytes = encoded(DType::kQ4_0, row);
  ASSERT_EQ(bytes.size(), 18u);
  EXPECT_EQ(bytes[0], std::byte{0x00});  // f16 1.0
  EXPECT_EQ(bytes[1], std::byte{0x3C});
  for (int i = 0; i < 16; ++i) EXPECT_EQ(bytes[2 + i], static_cast<std::byte>(i | (15 - i) << 4)) << i;
}

}  // namespace
}  // namespace carat::quant
