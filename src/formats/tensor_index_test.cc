#include "formats/tensor_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <vector>

namespace carat::formats {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// The bytes of a tensor in arithmetic that cannot wrap for up to two extents, and that stops before it could for more;
/// nothing when the file cannot have such a tensor.
std::optional<std::uint64_t> by_the_book(DType dtype, const std::vector<std::int64_t>& shape) {
  const DTypeInfo& type = dtype_info(dtype);
  Wide elements = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 1) return std::nullopt;
    if (elements > static_cast<Wide>(kMax)) return std::nullopt;  // only grows from here
    elements *= static_cast<Wide>(extent);
  }
  const std::int64_t cols = shape.empty() ? 1 : shape.back();
  if (cols % type.block_elements != 0 || elements > static_cast<Wide>(kMax)) return std::nullopt;
  const Wide bytes = elements / type.block_elements * type.block_bytes;
  if (bytes > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

void expect_same(DType dtype, const std::vector<std::int64_t>& shape) {
  const auto expected = by_the_book(dtype, shape);
  const auto bytes = tensor_bytes("file", "t", dtype, shape);
  ASSERT_EQ(bytes.has_value(), expected.has_value()) << dtype_name(dtype) << ::testing::PrintToString(shape);
  if (expected) {
    ASSERT_EQ(*bytes, *expected) << dtype_name(dtype) << ::testing::PrintToString(shape);
  }
}

std::vector<DType> all_types() {
  std::vector<DType> types;
  for (int i = 0; i <= static_cast<int>(DType::kQ2_0); ++i) types.push_back(static_cast<DType>(i));
  return types;
}

// Reliability test T03. The peers' five overflows were all in this one computation.
TEST(TensorBytes, AgreesWith128BitsAtEveryBorder) {
  std::vector<std::int64_t> extents = {-1, 0, 1, 2, 3, 31, 32, 33, 64, 128, 255, 256, 257, kMax, kMax - 1};
  for (const int power : {16, 31, 32, 33, 47, 48, 61, 62}) {
    for (const std::int64_t near : {-1, 0, 1}) extents.push_back((std::int64_t{1} << power) + near);
  }
  extents.insert(extents.end(), {kMax / 34, kMax / 34 + 1, kMax / 4, kMax / 4 + 1, kMax / 256 * 256, 3037000500});
  for (const DType dtype : {DType::kI8, DType::kF64, DType::kQ8_0, DType::kQ4_K, DType::kIQ1_S, DType::kQ1_0}) {
    expect_same(dtype, {});
    for (const std::int64_t a : extents) {
      expect_same(dtype, {a});
      for (const std::int64_t b : extents) {
        expect_same(dtype, {a, b});
        for (const std::int64_t c : extents) expect_same(dtype, {a, b, c});
      }
    }
  }
}

TEST(TensorBytes, AgreesWith128BitsOnRandomShapes) {
  std::mt19937_64 random(3);
  const std::vector<DType> types = all_types();
  for (int i = 0; i < 300'000; ++i) {
    std::vector<std::int64_t> shape(1 + random() % 4);
    for (std::int64_t& extent : shape) extent = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    const DType dtype = types[random() % types.size()];
    if (random() % 2 == 0) shape.back() -= shape.back() % dtype_info(dtype).block_elements;
    expect_same(dtype, shape);
    if (HasFatalFailure()) return;
  }
}

TEST(CheckNoOverlap, FindsEveryOverlapAndNoOther) {
  std::mt19937_64 random(5);
  const std::vector<Tensor> tensors(5);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<TensorRange> ranges;
    bool overlap = false;
    const auto n = static_cast<std::uint32_t>(2 + random() % 4);
    for (std::uint32_t t = 0; t < n; ++t) {
      const std::uint64_t begin = random() % 40, end = begin + 1 + random() % 10;
      overlap = overlap || std::any_of(ranges.begin(), ranges.end(), [&](const TensorRange& other) {
                  return begin < other.end && other.begin < end;
                });
      ranges.push_back({begin, end, t});
    }
    ASSERT_EQ(check_no_overlap(ranges, tensors, "file").has_value(), !overlap);
  }
}

}  // namespace
}  // namespace carat::formats
