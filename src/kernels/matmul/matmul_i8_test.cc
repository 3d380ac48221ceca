// Products in `fast`: int8 activations, integer dots. That these are the bits of docs/arithmetic.md is
// contract_test.cc's business; here: the same bits on every ISA, for every number of columns and threads, near what is
// meant.
#include "ref/matmul_i8.h"
#include "kernels/matmul.h"

#include <bit>

#include "kernels/matmul/panel.h"
#include "kernels/op_testing.h"
#include "kernels/packed/packed_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;
using testing::PackedWeights;

constexpr std::int64_t kColumnCounts[] = {1, 2, 3, 4, 5, 8, 9, 12, 13, 16, 17, 31, 33, 64, 130};
constexpr std::int64_t kMaxColumns = 130;
constexpr double kBound = 1e-6;  // of sum_k |W_rk x_k|, x as rounded to int8: f32 sums against double

std::int64_t test_cols(DType dtype) { return dtype_info(dtype).block_elements == 256 ? 512 : 160; }
constexpr std::int64_t kTestRows = 40;

/// A Workbench in `fast`.
class FastBench {
 public:
  explicit FastBench(const KernelTable& table, int n_threads = 1) : bench_(table, n_threads) {
    bench_.exec().compute = Compute::kFast;
  }
  Exec& exec() { return bench_.exec(); }

 private:
  testing::Workbench bench_;
};

std::vector<float> product(MatView<const float> x, const PackedView& w, Exec& exec) {
  Matrix y(x.rows, w.rows, w.rows + 5);
  matmul(x, w, y.view(), exec);
  return y.values();
}

const KernelTable& scalar_table() { return *testing::available_tables().front(); }

/// Per output: y of ref on the same int8 activations; sum |W| |x rounded|; and how far from the product with x itself
/// it may be: half a step for each activation.
struct Meant {
  std::vector<float> y;
  std::vector<double> magnitude, rounding;
};

Meant meant(const PackedWeights& w, const Matrix& x) {
  FastBench bench(scalar_table());
  const QuantizedRows rows = quantize_rows(x.view(), w.view.cols_padded, bench.exec());
  const Panel panel = make_panel(rows, panel_kind(w.view.format), bench.exec());
  Meant out{std::vector<float>(static_cast<std::size_t>(x.view().rows * w.view.rows)), {}, {}};
  ref::matmul_i8(w.view, 0, w.view.n_groups(), panel, out.y.data(), w.view.rows);
  out.magnitude.resize(out.y.size());
  out.rounding.resize(out.y.size());
  std::vector<float> row(static_cast<std::size_t>(w.view.cols));
  for (std::int64_t r = 0; r < w.view.rows; ++r) {
    decode_packed_row(w.view, r, row.data());
    for (std::int64_t t = 0; t < x.view().rows; ++t) {
      const auto at = static_cast<std::size_t>(t * w.view.rows + r);
      for (std::int64_t k = 0; k < w.view.cols; ++k) {
        const double d = rows.d[t * rows.n_blocks + k / 32], q = rows.q[t * rows.n_blocks * 32 + k];
        out.magnitude[at] += std::fabs(static_cast<double>(row[static_cast<std::size_t>(k)]) * q * d);
        out.rounding[at] += std::fabs(static_cast<double>(row[static_cast<std::size_t>(k)]) * d) * 0.5001;
      }
    }
  }
  return out;
}

void expect_near(const std::vector<float>& got, const Meant& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.y.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_LE(std::fabs(static_cast<double>(got[i]) - want.y[i]), kBound * want.magnitude[i])
        << what << ": " << got[i] << " for " << want.y[i] << " at " << i;
  }
}

/// Holds every ISA, alone and in a batch, against scalar and ref.
void expect_matmul(const PackedWeights& w, const Matrix& x, const std::string& what) {
  FastBench scalar(scalar_table());
  const std::vector<float> want = product(x.view(), w.view, scalar.exec());
  expect_near(want, meant(w, x), what);
  for (const KernelTable* table : testing::available_tables()) {
    FastBench bench(*table);
    ASSERT_TRUE(testing::same_bits(product(x.view(), w.view, bench.exec()), want)) << what << ", " << table->name;
    ASSERT_TRUE(
        testing::same_bits(product(x.view().first_rows(1), w.view, bench.exec()).data(), want.data(), w.view.rows))
        << what << ", " << table->name << ", one column";
  }
}

class FastMatmulOfType : public ::testing::TestWithParam<quant::WeightType> {
 protected:
  DType dtype() const { return GetParam().dtype; }
};

std::vector<quant::WeightType> block_types() {
  std::vector<quant::WeightType> types;
  for (const quant::WeightType& type : quant::weight_types()) {
    if (quant::code_format(type.dtype) != nullptr) types.push_back(type);
  }
  return types;
}

std::string type_name(const ::testing::TestParamInfo<quant::WeightType>& info) {
  return std::string(dtype_name(info.param.dtype));
}

// The full product: ISA x number of columns x threads, each row with the bits it has among 130 columns on scalar.
TEST_P(FastMatmulOfType, GivesTheSameBitsWhateverTheIsaColumnsAndThreads) {
  const PackedWeights w = testing::random_weights(dtype(), kTestRows, test_cols(dtype()), 1);
  const Matrix x(kMaxColumns, w.view.cols, w.view.cols + 3, Draw::kNormal, 2);
  FastBench scalar(scalar_table());
  const std::vector<float> want = product(x.view(), w.view, scalar.exec());
  expect_near(want, meant(w, x), "scalar");
  for (const KernelTable* table : testing::available_tables()) {
    for (const int n_threads : {1, 2, 3}) {
      FastBench bench(*table, n_threads);
      for (const std::int64_t n : kColumnCounts) {
        ASSERT_TRUE(testing::same_bits(product(x.view().first_rows(n), w.view, bench.exec()).data(), want.data(),
                                       n * kTestRows))
            << table->name << ", " << n << " columns, " << n_threads << " threads";
      }
    }
  }
}

TEST_P(FastMatmulOfType, GivesATokenAloneItsBitsOfTheBatch) {
  const PackedWeights w = testing::random_weights(dtype(), kTestRows, test_cols(dtype()), 3);
  const Matrix x(kMaxColumns, w.view.cols, w.view.cols, Draw::kNormal, 4);
  for (const KernelTable* table : testing::available_tables()) {
    FastBench bench(*table);
    const std::vector<float> batch = product(x.view(), w.view, bench.exec());
    for (std::int64_t t = 0; t < kMaxColumns; ++t) {
      const MatView<const float> alone(x.view().row(t), 1, w.view.cols, w.view.cols);
      ASSERT_TRUE(
          testing::same_bits(product(alone, w.view, bench.exec()).data(), batch.data() + t * kTestRows, kTestRows))
          << table->name << ", token " << t;
    }
  }
}

TEST_P(FastMatmulOfType, IsWithinTheRoundingOfActivationsOfExact) {
  const PackedWeights w = testing::random_weights(dtype(), kTestRows, test_cols(dtype()), 5);
  const Matrix x(9, w.view.cols, w.view.cols, Draw::kNormal, 6);
  testing::Workbench exact(ref::table());
  const std::vector<float> want = product(x.view(), w.view, exact.exec());
  const Meant bound = meant(w, x);
  FastBench bench(*testing::available_tables().back());
  const std::vector<float> got = product(x.view(), w.view, bench.exec());
  bool differs = false;
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_LE(std::fabs(static_cast<double>(got[i]) - want[i]), bound.rounding[i] + kBound * bound.magnitude[i]) << i;
    differs = differs || std::fabs(static_cast<double>(got[i]) - want[i]) > kBound * bound.magnitude[i];
  }
  EXPECT_TRUE(differs) << "`fast` did not round the activations";
}

TEST_P(FastMatmulOfType, TakesOddShapes) {
  const std::vector<std::int64_t> widths = dtype_info(dtype()).block_elements == 256
                                               ? std::vector<std::int64_t>{256, 768}
                                               : std::vector<std::int64_t>{32, 96, 704};
  for (const std::int64_t rows : {1, 15, 16, 17, 33}) {
    for (const std::int64_t cols : widths) {
      expect_matmul(testing::random_weights(dtype(), rows, cols, static_cast<std::uint32_t>(cols), 4),
                    Matrix(6, cols, cols + 1, Draw::kNormal, 2), std::to_string(rows) + " x " + std::to_string(cols));
    }
  }
}

// Rows whose codes are all one byte, scales 1, under activations of +-127: the largest sums, where 16 bits end.
TEST_P(FastMatmulOfType, SaturatesNowhere) {
  const std::int64_t cols = test_cols(dtype());
  const DTypeInfo& info = dtype_info(dtype());
  std::vector<std::byte> file;
  const std::array<int, 8> bytes = {0x00, 0xFF, 0x80, 0x7F, 0x81, 0x0F, 0xF0, 0x77};
  for (const int byte : bytes) {
    std::vector<std::byte> row(static_cast<std::size_t>(cols) / info.block_elements * info.block_bytes,
                               static_cast<std::byte>(byte));
    for (std::size_t at = 0; at < row.size(); at += info.block_bytes) {
      const std::uint16_t one = 0x3C00;
      for (const std::size_t offset : quant::testing::half_offsets(dtype()))
        std::memcpy(row.data() + at + offset, &one, 2);
      if (dtype() == DType::kMXFP4) row[at] = std::byte{127};
    }
    file.insert(file.end(), row.begin(), row.end());
  }
  const PackedWeights w = testing::pack_rows(dtype(), bytes.size(), cols, std::move(file));
  for (const float a : {1.0f, -1.0f}) {
    for (const float b : {1.0f, -1.0f, 0.25f}) {
      Matrix x(5, cols);
      for (std::int64_t t = 0; t < 5; ++t) {
        for (std::int64_t k = 0; k < cols; ++k) x.view().row(t)[k] = k % 2 == 0 ? a : b;
      }
      expect_matmul(w, x, "activations " + std::to_string(a) + ", " + std::to_string(b));
    }
  }
}

// Where products underflow, a sum may be -0, and the next zero must not turn it on one ISA alone.
TEST_P(FastMatmulOfType, GivesTheSameBitsForTinyHugeAndZeroActivations) {
  const PackedWeights w = testing::random_weights(dtype(), kTestRows, test_cols(dtype()), 7);
  for (const float factor : {1e-45f, 1e-43f, 1e-38f, 1e-30f, 1e30f}) {
    Matrix x(6, w.view.cols, w.view.cols, Draw::kNormal, 8);
    for (std::int64_t t = 0; t < 6; ++t) {
      for (std::int64_t k = 0; k < w.view.cols; ++k) {
        float& v = x.view().row(t)[k];
        v *= k / 32 % (t + 1) == 0 ? factor : 0.0f;
      }
    }
    FastBench scalar(scalar_table());
    const std::vector<float> want = product(x.view(), w.view, scalar.exec());
    for (const KernelTable* table : testing::available_tables()) {
      FastBench bench(*table);
      EXPECT_TRUE(testing::same_bits(product(x.view(), w.view, bench.exec()), want)) << table->name << ", " << factor;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BlockTypes, FastMatmulOfType, ::testing::ValuesIn(block_types()), type_name);

// Scales up to 2^110, whose product with 1.5 * 2^23 is infinite.
TEST(FastMatmul, TakesMxfp4WithVeryLargeScales) {
  std::mt19937 rng(1);
  std::vector<std::byte> file;
  const std::int64_t cols = 160;
  for (int r = 0; r < 33; ++r) {
    auto row = testing::random_weight_row(DType::kMXFP4, cols, rng);
    for (std::size_t at = 0; at < row.size(); at += 17) row[at] = static_cast<std::byte>(225 + rng() % 13);
    file.insert(file.end(), row.begin(), row.end());
  }
  expect_matmul(testing::pack_rows(DType::kMXFP4, 33, cols, std::move(file)), Matrix(18, cols, cols, Draw::kNormal, 2),
                "large scales");
}

// A sum that underflowed to -0 meets an integer 0 under a negative scale: +0 whether the dot is converted or read as
// f32.
TEST(FastMatmul, GivesZeroTheSameSignOnEveryIsa) {
  std::vector<std::byte> row(2 * 34);
  const std::uint16_t tiny = 0x0400, minus_one = 0xBC00;  // 2^-14, -1
  std::memcpy(row.data(), &tiny, 2);
  std::memcpy(row.data() + 34, &minus_one, 2);
  row[2] = std::byte{0xFF};  // code -1
  const PackedWeights w = testing::pack_rows(DType::kQ8_0, 1, 64, std::move(row));
  Matrix x(5, 64, 64, Draw::kZeros, 1);
  for (std::int64_t t = 0; t < 5; ++t) {
    x.view().row(t)[0] = 100 * std::numeric_limits<float>::denorm_min();
    x.view().row(t)[40] = 1;
  }
  for (const KernelTable* table : testing::available_tables()) {
    FastBench bench(*table);
    for (const std::int64_t n : {1, 5}) {
      for (const float y : product(x.view().first_rows(n), w.view, bench.exec())) {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(y), 0u) << table->name << ", " << n << " columns: " << y;
      }
    }
  }
}

TEST(FastMatmul, LeavesFloatWeightsAsTheyAreInExact) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const PackedWeights w = testing::random_weights(dtype, 33, 150, 1);
    const Matrix x(17, 150, 153, Draw::kNormal, 2);
    for (const KernelTable* table : testing::available_tables()) {
      testing::Workbench exact(*table);
      FastBench fast(*table);
      EXPECT_TRUE(testing::same_bits(product(x.view(), w.view, fast.exec()), product(x.view(), w.view, exact.exec())))
          << table->name << ", " << dtype_name(dtype);
    }
  }
}

// One region: two kinds of panels and float weights beside them, then more kinds than a region prepares at once.
TEST(FastMatmul, TakesSeveralMatricesOfOneInput) {
  const std::int64_t cols = 512;
  const PackedWeights q4 = testing::random_weights(DType::kQ4_0, 40, cols, 1);
  const PackedWeights q4k = testing::random_weights(DType::kQ4_K, 17, cols, 2);
  const PackedWeights bf16 = testing::random_weights(DType::kBF16, 50, cols, 3);
  const PackedWeights q2k = testing::random_weights(DType::kQ2_K, 1, cols, 4);
  const PackedWeights q6k = testing::random_weights(DType::kQ6_K, 33, cols, 5);
  const PackedWeights q8 = testing::random_weights(DType::kQ8_0, 16, cols, 6);
  using Set = std::vector<const PackedView*>;
  for (const Set& weights : {Set{&q4.view, &q4k.view, &bf16.view, &q4.view}, Set{&q4.view, &q4k.view, &q2k.view},
                             Set{&q2k.view, &q6k.view, &q8.view, &q4k.view}}) {
    for (const KernelTable* table : testing::available_tables()) {
      for (const int n_threads : {1, 3}) {
        FastBench bench(*table, n_threads);
        for (const std::int64_t n : {1, 3, 18}) {
          const Matrix x(n, cols, cols, Draw::kNormal, 5);
          std::vector<Matrix> ys;
          std::vector<MatView<float>> views;
          for (const PackedView* w : weights) ys.emplace_back(n, w->rows, w->rows + 1);
          for (Matrix& y : ys) views.push_back(y.view());
          matmul(x.view(), weights, views, bench.exec());
          for (std::size_t i = 0; i < weights.size(); ++i) {
            EXPECT_TRUE(testing::same_bits(ys[i].values(), product(x.view(), *weights[i], bench.exec())))
                << table->name << ", matrix " << i << ", " << n << " tokens";
          }
        }
      }
    }
  }
}

TEST(FastMatmul, LosesNoNan) {
  const PackedWeights w = testing::random_weights(DType::kQ4_0, 16, 64, 1);
  for (const KernelTable* table : testing::available_tables()) {
    FastBench bench(*table);
    Matrix x(2, 64, 64, Draw::kNormal, 2);
    x.view().row(1)[33] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> y = product(x.view(), w.view, bench.exec());
    for (std::size_t r = 0; r < 16; ++r) {
      EXPECT_TRUE(std::isfinite(y[r])) << table->name;
      EXPECT_TRUE(std::isnan(y[16 + r])) << table->name;
    }
  }
}

TEST(FastMatmul, ScratchIsWhatWasPromised) {
  for (const std::int64_t cols : {32, 96, 512, 2112}) {
    const PackedWeights w = testing::random_weights(cols == 512 ? DType::kQ2_K : DType::kQ4_1, 16, cols, 1);
    for (const std::int64_t n : {1, 4, 5, 9, 17, 130}) {
      const Matrix x(n, cols, cols, Draw::kNormal, 2);
      Matrix y(n, 16);
      ThreadPool pool(1);
      Arena arena;
      ASSERT_TRUE(arena.reserve(matmul_scratch_bytes(n, cols)).has_value());
      Exec exec{testing::available_tables().back(), &pool, &arena, Compute::kFast};
      matmul(x.view(), w.view, y.view(), exec);
      EXPECT_LE(arena.peak(), matmul_scratch_bytes(n, cols));
    }
  }
}

}  // namespace
}  // namespace carat::kernels
