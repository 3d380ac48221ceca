#include "quant/decode.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "quant/quant_testing.h"
#include "tensor/half.h"

namespace carat::quant {
namespace {

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

/// Nine significant digits: enough to name one f32.
std::string digits(double v) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9g", v);
  return text;
}

TEST(DecodeRow, EqualsTheReferenceVectorsToNineDigits) {
  std::ifstream file(CARAT_SOURCE_DIR "/tests/golden/quant/quant-vectors.json");
  const auto vectors = nlohmann::json::parse(file);
  int checked = 0;
  for (const auto& [name, type] : vectors.at("types").items()) {
    const auto dtype = dtype_from_name(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    ASSERT_TRUE(can_decode(*dtype)) << name;
    EXPECT_EQ(type.at("elements").get<unsigned>(), dtype_info(*dtype).block_elements) << name;
    EXPECT_EQ(type.at("bytes").get<unsigned>(), dtype_info(*dtype).block_bytes) << name;
    for (const auto& block : type.at("blocks")) {
      const auto bytes = from_hex(block.at("block_hex"));
      const auto& values = block.at("values");
      ASSERT_EQ(bytes.size(), dtype_info(*dtype).block_bytes) << name;
      std::vector<float> got(values.size());
      decode_row(*dtype, bytes.data(), static_cast<std::int64_t>(got.size()), got.data());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(digits(got[i]), digits(values[i].get<double>())) << name << " element " << i;
      }
      ++checked;
    }
  }
  EXPECT_EQ(checked, 26) << "13 block types, two blocks each";
}

TEST(DecodeRow, KnowsExactlyTheWeightTypes) {
  for (int i = 0; i <= static_cast<int>(DType::kQ2_0); ++i) {
    const DTypeInfo& info = dtype_info(static_cast<DType>(i));
    EXPECT_EQ(can_decode(info.dtype), info.is_weight) << info.name;
  }
}

TEST(DecodeRow, ReadsPlainTypes) {
  const float f32[] = {1.5F, -0.0F, 3e38F};
  float out[3];
  decode_row(DType::kF32, reinterpret_cast<const std::byte*>(f32), 3, out);
  EXPECT_EQ(std::memcmp(f32, out, sizeof f32), 0);
  const std::uint16_t f16[] = {0x3C00, 0xC000, 0x0001};
  decode_row(DType::kF16, reinterpret_cast<const std::byte*>(f16), 3, out);
  EXPECT_EQ(out[0], 1.0F);
  EXPECT_EQ(out[1], -2.0F);
  EXPECT_EQ(out[2], 0x1p-24F);
  const std::uint16_t bf16[] = {0x3F80, 0xC040, 0x0001};
  decode_row(DType::kBF16, reinterpret_cast<const std::byte*>(bf16), 3, out);
  EXPECT_EQ(out[0], 1.0F);
  EXPECT_EQ(out[1], -3.0F);
  EXPECT_EQ(out[2], 0x1p-133F);
}

TEST(DecodeRow, DoesNotCareAboutAlignment) {
  for (const WeightType& type : weight_types()) {
    const std::int64_t n = 5 * dtype_info(type.dtype).block_elements;
    const auto row = testing::random_row(type.dtype, 5, 1);
    std::vector<float> want(static_cast<std::size_t>(n)), got(want);
    decode_row(type.dtype, row.data(), n, want.data());
    for (std::size_t shift = 1; shift < 8; ++shift) {
      std::vector<std::byte> shifted(row.size() + shift);
      std::memcpy(shifted.data() + shift, row.data(), row.size());
      decode_row(type.dtype, shifted.data() + shift, n, got.data());
      EXPECT_EQ(std::memcmp(want.data(), got.data(), want.size() * sizeof(float)), 0) << dtype_name(type.dtype);
    }
  }
}

TEST(DecodeRow, GivesMXFP4SubnormalScales) {
  for (int e = 0; e < 2; ++e) {
    std::vector<std::byte> block(17, std::byte{0x22});  // 0x2 = 1.0, doubled 2
    block[0] = static_cast<std::byte>(e);
    float out[32];
    decode_row(DType::kMXFP4, block.data(), 32, out);
    EXPECT_EQ(out[0], e == 0 ? 0x1p-127F : 0x1p-126F);
    EXPECT_EQ(out[31], out[0]);
  }
}

}  // namespace
}  // namespace carat::quant
