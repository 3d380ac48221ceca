// How far `fast` is from `exact` for every weight type, on copies of the small real model (quality/reencode.h).
//
// The claim is against llama.cpp over the whole text and needs llama.cpp: tests/quality/compare_types, whose last
// figures are in bench/results. `fast` has the same bits on every processor, so its part of those figures can be
// pinned: this test repeats the first 127 predictions. Where the arithmetic is changed on purpose, compare_types has to
// be run again.

#include "quality/divergence.h"

#include <gtest/gtest.h>

#include "eval/summary.h"
#include "formats/files_testing.h"
#include "model_testing.h"
#include "quality/reencode.h"
#include "quant/weight_types.h"

namespace carat::quality {
namespace {

constexpr std::size_t kIds = 128;

struct Pinned {
  DType dtype;
  double mean_kl;  ///< of the first 127 predictions
  int n_matrices;  ///< of 127; 640 columns are no whole K block
};

class TypeQuality : public ::testing::TestWithParam<Pinned> {};

TEST_P(TypeQuality, KlOfFastOnACopyOfTheRealModel) {
  const auto model = testing::real_model_path();
  ASSERT_TRUE(std::filesystem::exists(model)) << model << " is missing: run ./check once, it fetches it";
  const formats::TempDir folder;
  const auto copy = folder / "copy.gguf";
  const auto made = write_reencoded(model, GetParam().dtype, copy);
  CARAT_ASSERT_OK(made);
  EXPECT_EQ(made->n_matrices, GetParam().n_matrices);
  EXPECT_EQ(made->n_matrices + made->n_kept, 127);
  const auto all = testing::ids_of(testing::read_json(testing::golden_dir() / "gemma3-270m/perplexity.json")["ids"]);
  const auto scores = divergence_of_fast(copy, std::span(all).first(kIds));
  CARAT_ASSERT_OK(scores);
  const double kl = eval::summarize(*scores, true).comparison->mean_kl;
  // The last digits are those of exp and log in eval's double sums.
  EXPECT_NEAR(kl, GetParam().mean_kl, 0.01 * GetParam().mean_kl);
}

INSTANTIATE_TEST_SUITE_P(Types, TypeQuality,
                         ::testing::Values(Pinned{DType::kQ4_0, 2.227e-3, 127}, Pinned{DType::kQ4_1, 5.329e-3, 127},
                                           Pinned{DType::kQ5_0, 2.352e-3, 127}, Pinned{DType::kQ5_1, 2.194e-3, 127},
                                           Pinned{DType::kQ8_0, 2.479e-3, 127}, Pinned{DType::kQ2_K, 4.933e-3, 36},
                                           Pinned{DType::kQ3_K, 2.852e-3, 36}, Pinned{DType::kQ4_K, 2.095e-3, 36},
                                           Pinned{DType::kQ5_K, 2.942e-3, 36}, Pinned{DType::kQ6_K, 2.151e-3, 36},
                                           Pinned{DType::kIQ4_NL, 2.930e-3, 127}, Pinned{DType::kIQ4_XS, 2.209e-3, 36},
                                           Pinned{DType::kMXFP4, 4.141e-3, 127}, Pinned{DType::kF16, 2.490e-7, 127},
                                           Pinned{DType::kBF16, 3.171e-7, 127}),
                         [](const auto& test) { return std::string(dtype_name(test.param.dtype)); });

TEST(TypeQualityTypes, AllButF32AreMeasured) { EXPECT_EQ(quant::weight_types().size(), 15u + 1u); }

}  // namespace
}  // namespace carat::quality
