#include "kernels/matmul.h"

#include "kernels/op_testing.h"
#include "kernels/packed/packed_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;
using testing::PackedWeights;

constexpr std::int64_t kColumnCounts[] = {1, 2, 3, 4, 5, 6, 7, 12, 13, 64, 65, 130};
constexpr std::int64_t kMaxColumns = 130;
constexpr double kBound = 1e-6;  // of sum_k |W_rk x_k|, as matmul.h says

std::int64_t block_of(DType dtype) { return dtype_info(dtype).block_elements; }

/// Two padding units and a half of columns, where the type allows it; three groups, the last with 8 rows.
std::int64_t test_cols(DType dtype) { return block_of(dtype) == 256 ? 512 : block_of(dtype) == 32 ? 160 : 150; }
constexpr std::int64_t kTestRows = 40;

/// y of ref, and sum |W x|, what errors are measured against.
struct Expected {
  std::vector<float> y;
  std::vector<double> magnitude;
};

Expected expected(const PackedWeights& w, const Matrix& x) {
  testing::Workbench bench(ref::table());
  Matrix y(x.view().rows, w.view.rows);
  matmul(x.view(), w.view, y.view(), bench.exec());
  Expected e{y.values(), {}};
  std::vector<float> row(static_cast<std::size_t>(w.view.cols));
  e.magnitude.resize(e.y.size());
  for (std::int64_t r = 0; r < w.view.rows; ++r) {
    decode_packed_row(w.view, r, row.data());
    for (std::int64_t t = 0; t < x.view().rows; ++t) {
      double sum = 0;
      for (std::int64_t k = 0; k < w.view.cols; ++k) {
        sum += std::fabs(static_cast<double>(row[static_cast<std::size_t>(k)]) * x.view().row(t)[k]);
      }
      e.magnitude[static_cast<std::size_t>(t * w.view.rows + r)] = sum;
    }
  }
  return e;
}

void expect_near(const std::vector<float>& got, const Expected& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.y.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::fabs(static_cast<double>(got[i]) - want.y[i]);
    ASSERT_LE(error, kBound * want.magnitude[i]) << what << ": " << got[i] << " for " << want.y[i] << " at " << i;
  }
}

class MatmulOfType : public ::testing::TestWithParam<quant::WeightType> {
 protected:
  DType dtype() const { return GetParam().dtype; }
};

std::string type_name(const ::testing::TestParamInfo<quant::WeightType>& info) {
  return std::string(dtype_name(info.param.dtype));
}

// The full product: ISA x number of columns x threads, each row with the bits it has among 130 columns on scalar.
TEST_P(MatmulOfType, GivesTheSameBitsWhateverTheIsaColumnsAndThreads) {
  const PackedWeights w = testing::random_weights(dtype(), kTestRows, test_cols(dtype()), 1);
  const Matrix x(kMaxColumns, w.view.cols, w.view.cols + 3, Draw::kNormal, 2);
  Matrix first(kMaxColumns, kTestRows);
  testing::Workbench scalar(*testing::available_tables().front());
  matmul(x.view(), w.view, first.view(), scalar.exec());
  const std::vector<float> want = first.values();
  expect_near(want, expected(w, x), "scalar");

  for (const KernelTable* table : testing::available_tables()) {
    for (const int n_threads : {1, 2, 3}) {
      testing::Workbench bench(*table, n_threads);
      for (const std::int64_t n : kColumnCounts) {
        Matrix y(n, kTestRows, kTestRows + 5);
        matmul(x.view().first_rows(n), w.view, y.view(), bench.exec());
        ASSERT_TRUE(testing::same_bits(y.values().data(), want.data(), n * kTestRows))
            << table->name << ", " << n << " columns, " << n_threads << " threads";
      }
    }
  }
}

// The rows of a matrix may be computed in any pieces of 16.
TEST_P(MatmulOfType, GivesTheSameBitsForAnySplitIntoGroups) {
  const PackedWeights w = testing::random_weights(dtype(), 71, test_cols(dtype()), 3);
  const std::int64_t padded = w.view.cols_padded, n_groups = w.view.n_groups();
  Matrix x(5, padded);
  for (std::int64_t t = 0; t < 5; ++t) {
    const auto values = testing::draw_many(Draw::kNormal, w.view.cols, static_cast<std::uint32_t>(t));
    std::fill(x.view().row(t), x.view().row(t) + padded, 0.0f);
    std::copy(values.begin(), values.end(), x.view().row(t));
  }
  std::vector<float> sums(static_cast<std::size_t>(5 * padded / 16));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const float* p = x.view().data + i * 16;
    sums[i] = p[0];
    for (int k = 1; k < 16; ++k) sums[i] += p[k];
  }
  std::vector<float> first;
  for (const KernelTable* table : testing::available_tables()) {
    for (const std::vector<std::int64_t>& cuts : std::vector<std::vector<std::int64_t>>{
             {0, n_groups}, {0, 1, 2, 3, 4, n_groups}, {0, 2, n_groups}, {0, 3, 4, n_groups}}) {
      for (const std::int64_t n : {1, 3, 5}) {
        Matrix y(5, 71, 80, Draw::kNormal, 4);
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
          table->matmul(w.view, cuts[i], cuts[i + 1], x.view().data, padded, sums.data(), padded / 16, n, y.view().data,
                        80);
        }
        if (first.empty()) {
          testing::Workbench bench(*table);
          Matrix whole(5, 71);
          MatView<const float> unpadded(x.view().data, 5, w.view.cols, padded);
          matmul(unpadded, w.view, whole.view(), bench.exec());
          first = whole.values();
        }
        for (std::int64_t t = 0; t < n; ++t) {
          ASSERT_TRUE(testing::same_bits(y.view().row(t), first.data() + t * 71, 71))
              << table->name << ", " << cuts.size() - 1 << " pieces, " << n << " columns";
        }
      }
    }
  }
}

TEST_P(MatmulOfType, IsNearRefForOddShapes) {
  for (const std::int64_t rows : {1, 15, 16, 17, 33}) {
    std::vector<std::int64_t> widths = {256, 2560};
    if (block_of(dtype()) == 32) widths = {32, 64, 96, 704, 2112};
    if (block_of(dtype()) == 1) widths = {1, 8, 15, 16, 17, 31, 33, 64, 100, 2112};
    for (const std::int64_t cols : widths) {
      const PackedWeights w = testing::random_weights(dtype(), rows, cols, static_cast<std::uint32_t>(cols), 4);
      const Matrix x(5, cols, cols + 1, Draw::kNormal, 2);
      const Expected want = expected(w, x);
      std::vector<float> first;
      for (const KernelTable* table : testing::available_tables()) {
        testing::Workbench bench(*table);
        Matrix y(5, rows, rows + 2);
        matmul(x.view(), w.view, y.view(), bench.exec());
        const auto got = y.values();
        expect_near(got, want, std::string(table->name) + " " + std::to_string(rows) + " x " + std::to_string(cols));
        if (first.empty()) first = got;
        ASSERT_TRUE(testing::same_bits(got, first)) << table->name << " " << rows << " x " << cols;
      }
    }
  }
}

// A unit vector picks a column of W: the order of codes inside a block, seen one by one.
TEST_P(MatmulOfType, PicksSingleWeights) {
  const std::int64_t cols = test_cols(dtype()), rows = 17;
  const PackedWeights w = testing::random_weights(dtype(), rows, cols, 5);
  std::vector<std::vector<float>> decoded(rows, std::vector<float>(static_cast<std::size_t>(cols)));
  for (std::int64_t r = 0; r < rows; ++r) decode_packed_row(w.view, r, decoded[static_cast<std::size_t>(r)].data());
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table);
    for (const std::int64_t n : {1, 4}) {  // the kernels of few and of many columns
      for (std::int64_t k = 0; k < cols; ++k) {
        Matrix x(n, cols), y(n, rows);
        for (std::int64_t t = 0; t < n; ++t) {
          std::fill(x.view().row(t), x.view().row(t) + cols, 0.0f);
          x.view().row(t)[k] = 1;
        }
        matmul(x.view(), w.view, y.view(), bench.exec());
        for (std::int64_t r = 0; r < rows; ++r) {
          const float want = decoded[static_cast<std::size_t>(r)][static_cast<std::size_t>(k)];
          // d * code is one rounding in both; with a minimum the fma saves one.
          ASSERT_NEAR(y.view().row(n - 1)[r], want, 2e-7 * std::fabs(want) + (GetParam().format.has_min ? 4e-5 : 0))
              << table->name << " k " << k << " row " << r;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, MatmulOfType,
                         ::testing::ValuesIn(quant::weight_types().begin(), quant::weight_types().end()), type_name);

// q, k and v of one input: formats that pad differently and need sums or not, in one region.
TEST(Matmul, TakesSeveralMatricesOfOneInput) {
  const std::int64_t cols = 256 + 256;
  const PackedWeights a = testing::random_weights(DType::kQ4_0, 40, cols, 1);
  const PackedWeights b = testing::random_weights(DType::kQ4_K, 17, cols, 2);
  const PackedWeights c = testing::random_weights(DType::kBF16, 100, cols, 3);
  const PackedWeights d = testing::random_weights(DType::kQ2_K, 1, cols, 4);
  const PackedView* const weights[] = {&a.view, &b.view, &c.view, &d.view};
  for (const KernelTable* table : testing::available_tables()) {
    for (const int n_threads : {1, 2, 3}) {
      testing::Workbench bench(*table, n_threads);
      for (const std::int64_t n : {1, 3, 9}) {
        const Matrix x(n, cols, cols, Draw::kNormal, 5);
        Matrix ys[] = {Matrix(n, 40), Matrix(n, 17, 20), Matrix(n, 100), Matrix(n, 1, 2)};
        const MatView<float> views[] = {ys[0].view(), ys[1].view(), ys[2].view(), ys[3].view()};
        matmul(x.view(), weights, views, bench.exec());
        for (std::size_t i = 0; i < 4; ++i) {
          Matrix alone(n, weights[i]->rows);
          matmul(x.view(), *weights[i], alone.view(), bench.exec());
          EXPECT_TRUE(testing::same_bits(ys[i].values(), alone.values())) << table->name << ", matrix " << i;
        }
      }
    }
  }
}

// Padding: 96 columns are 128 for Q8_0; with BF16 beside it the input is padded once for both.
TEST(Matmul, PadsTheInputForTheWidestFormat) {
  const PackedWeights a = testing::random_weights(DType::kQ8_0, 16, 96, 1);
  const PackedWeights b = testing::random_weights(DType::kQ5_1, 16, 96, 2);
  const PackedView* const weights[] = {&a.view, &b.view};
  const Matrix x(3, 96, 97, Draw::kNormal, 5);
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table);
    Matrix ya(3, 16), yb(3, 16);
    const MatView<float> views[] = {ya.view(), yb.view()};
    matmul(x.view(), weights, views, bench.exec());
    expect_near(ya.values(), expected(a, x), table->name);
    expect_near(yb.values(), expected(b, x), table->name);
  }
}

TEST(Matmul, OfNoTokensDoesNothing) {
  const PackedWeights w = testing::random_weights(DType::kQ8_0, 16, 64, 1);
  testing::Workbench bench(*testing::available_tables().back());
  matmul({nullptr, 0, 64}, w.view, {nullptr, 0, 16}, bench.exec());
}

TEST(Matmul, ScratchIsWhatWasPromised) {
  for (const std::int64_t cols : {32, 96, 150, 512, 2112}) {
    const PackedWeights w = testing::random_weights(cols % 256 == 0 ? DType::kQ4_K : DType::kF32, 16, cols, 1);
    const Matrix x(7, cols, cols, Draw::kNormal, 2);
    Matrix y(7, 16);
    ThreadPool pool(1);
    Arena arena;
    ASSERT_TRUE(arena.reserve(matmul_scratch_bytes(7, cols)).has_value());
    Exec exec{testing::available_tables().back(), &pool, &arena};
    matmul(x.view(), w.view, y.view(), exec);
    EXPECT_LE(arena.peak(), matmul_scratch_bytes(7, cols));
  }
}

}  // namespace
}  // namespace carat::kernels
