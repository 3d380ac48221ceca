#include "nn/packed_matrix.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "kernels/packed/pack.h"
#include "nn/weights.h"
#include "quant/decode.h"

namespace carat::nn {
namespace {

// A tensor of random Q8_0 blocks with small scales, and the bytes it looks at.
struct RandomTensor {
  std::vector<std::byte> bytes;
  formats::Tensor tensor;

  RandomTensor(std::vector<std::int64_t> shape, unsigned seed) {
    std::mt19937 rng(seed);
    tensor.name = "blk.0.ffn_up.weight";
    tensor.dtype = DType::kQ8_0;
    tensor.shape = std::move(shape);
    const std::int64_t n_blocks = tensor.n_elements() / 32;
    bytes.resize(static_cast<std::size_t>(n_blocks * 34));
    for (auto& b : bytes) b = static_cast<std::byte>(rng());
    for (std::int64_t i = 0; i < n_blocks; ++i) set_scale(i, 0x2000 + static_cast<std::uint16_t>(rng() % 256));
    tensor.data = bytes;
  }
  void set_scale(std::int64_t block, std::uint16_t f16) { std::memcpy(bytes.data() + block * 34, &f16, sizeof f16); }
};

TEST(PackedMatrix, HoldsTheWeightsOfTheFileInEverySlice) {
  const RandomTensor random({3, 20, 64}, 1);  // 20 rows: the second group of each slice is short
  ThreadPool pool(2);
  const auto packed = PackedMatrix::pack(random.tensor, pool);
  ASSERT_TRUE(packed.has_value()) << packed.error().to_string();
  EXPECT_EQ(packed->bytes(), PackedMatrix::packed_bytes(random.tensor));
  std::vector<float> expected(64), actual(64);
  for (std::int64_t slice = 0; slice < 3; ++slice) {
    for (std::int64_t row = 0; row < 20; ++row) {
      quant::decode_row(DType::kQ8_0, random.bytes.data() + (slice * 20 + row) * 68, 64, expected.data());
      kernels::decode_packed_row(packed->slice(slice), row, actual.data());
      ASSERT_EQ(actual, expected) << "slice " << slice << " row " << row;
    }
  }
}

TEST(PackedMatrix, BytesDoNotDependOnThreads) {
  const RandomTensor random({100, 96}, 2);
  ThreadPool one(1), three(3);
  const auto a = PackedMatrix::pack(random.tensor, one), b = PackedMatrix::pack(random.tensor, three);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(std::memcmp(a->view().data, b->view().data, static_cast<std::size_t>(a->bytes())), 0);
}

TEST(PackedMatrix, RefusesAScaleThatIsNotFiniteByName) {
  RandomTensor random({40, 32}, 3);
  random.set_scale(37, 0x7E00);  // NaN
  random.set_scale(21, 0x7C00);  // infinity
  ThreadPool pool(2);
  const auto packed = PackedMatrix::pack(random.tensor, pool);
  ASSERT_FALSE(packed.has_value());
  EXPECT_EQ(packed.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(packed.error().message(),
            "tensor blk.0.ffn_up.weight: a scale in rows 16 to 31 is not a finite number; download the file again");
}

TEST(PackedMatrix, RefusesATypeThatIsNoWeight) {
  RandomTensor random({32, 32}, 4);
  random.tensor.dtype = DType::kI8;
  ThreadPool pool(1);
  const auto packed = PackedMatrix::pack(random.tensor, pool);
  ASSERT_FALSE(packed.has_value());
  EXPECT_EQ(packed.error().code(), ErrorCode::kUnsupported);
}

TEST(Embedding, LooksUpOneScaledRowAndRefusesABrokenOne) {
  RandomTensor random({5, 64}, 5);
  const Embedding table(&random.tensor);
  std::vector<float> expected(64), row(64);
  quant::decode_row(DType::kQ8_0, random.bytes.data() + 3 * 68, 64, expected.data());
  ASSERT_TRUE(table.lookup(3, 2.0f, row));
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(row[i], expected[i] * 2.0f);
  random.set_scale(4 * 2 + 1, 0x7E00);
  const auto broken = table.lookup(4, 1.0f, row);
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().message().find("row 4"), std::string_view::npos);
  EXPECT_TRUE(table.lookup(3, 1.0f, row)) << "other rows stay readable";
}

TEST(ReadVector, AddsTheNormOffsetAndRefusesInfinities) {
  std::vector<float> values = {0.5f, -0.25f};
  formats::Tensor t{"norm", DType::kF32, {2}, std::as_bytes(std::span(values))};
  const auto read = read_vector(t, 1.0f);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (std::vector<float>{1.5f, 0.75f}));
  values[1] = std::numeric_limits<float>::infinity();
  const auto broken = read_vector(t);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message(), "tensor norm: element 1 is not a finite number; download the file again");
}

}  // namespace
}  // namespace carat::nn
