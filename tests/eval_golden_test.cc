// Perplexity and divergence against numbers made elsewhere: the official implementation on the small models, float32
// arithmetic on the real one.

#include "model_testing.h"

#include "eval/evaluate.h"
#include "eval/summary.h"

namespace carat {
namespace {

using namespace testing;

std::vector<eval::PositionScore> scores_of(const std::filesystem::path& path, const Ids& ids, kernels::Compute compute,
                                           model::KvType kv_type, bool against_exact) {
  const auto exec = make_exec(2, "", compute), exact = make_exec(2);
  const auto model = load_model(path, exec->pool());
  if (model == nullptr) return {};
  const auto logits = eval::ModelLogits::create(*model, exec->exec(), kv_type).value();
  const auto reference = eval::ModelLogits::create(*model, exact->exec(), model::KvType::kF32).value();
  const auto scores =
      eval::evaluate(std::vector<Ids>{ids}, *logits, against_exact ? reference.get() : nullptr, exec->pool(), 64);
  EXPECT_TRUE(scores.has_value()) << scores.error().to_string();
  return scores ? *scores : std::vector<eval::PositionScore>{};
}

class EvalGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(EvalGolden, NegativeLogLikelihoodOfEveryToken) {
  const auto dir = golden_dir() / "text" / GetParam();
  const GoldenTensors expected(dir / "expected.safetensors");
  const auto raw_ids = expected.ints("nll.ids");
  const auto token_nll = expected.floats("nll.token_nll");
  const auto scores =
      scores_of(dir, Ids(raw_ids.begin(), raw_ids.end()), kernels::Compute::kExact, model::KvType::kF32, false);
  ASSERT_EQ(scores.size(), token_nll.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_NEAR(scores[i].nll, static_cast<double>(token_nll[i]), 1e-3) << "token " << i;
  }
  const auto summary = eval::summarize(scores, false);
  const auto golden = read_json(dir / "expected.json")["nll"];
  EXPECT_NEAR(summary.mean_nll, golden["mean"].get<double>(), 2e-5);
  EXPECT_NEAR(summary.perplexity / golden["perplexity"].get<double>(), 1, 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Models, EvalGolden,
                         ::testing::Values("e2b", "e4b", "12b-unified", "26b-a4b", "31b", "gemma3"));

// The real Gemma 3 270M: what `fast` gives up, and that `exact` gives up nothing.
TEST(EvalRealModel, FastAgainstExactAndFloat32) {
  ASSERT_TRUE(std::filesystem::exists(real_model_path()))
      << real_model_path() << " is missing: run ./check once, it fetches it";
  const auto golden = read_json(golden_dir() / "gemma3-270m/perplexity.json");
  const auto scores =
      scores_of(real_model_path(), ids_of(golden["ids"]), kernels::Compute::kFast, model::KvType::kF16, true);
  ASSERT_EQ(scores.size(), golden["float32_nll"].size());
  double mean_abs_difference = 0;  // of fast, from float32
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double float32 = golden["float32_nll"][i].get<double>();
    EXPECT_NEAR(scores[i].reference_nll, float32, 0.02) << "token " << i;
    mean_abs_difference += std::abs(scores[i].nll - float32);
  }
  mean_abs_difference /= static_cast<double>(scores.size());
  EXPECT_LE(mean_abs_difference, 0.08);

  const auto s = eval::summarize(scores, true);
  const double mean_nll = golden["float32"]["mean_nll"].get<double>();
  EXPECT_NEAR(s.comparison->reference_perplexity, golden["float32"]["ppl"].get<double>(), 0.01);
  EXPECT_LE(std::abs(s.mean_nll / mean_nll - 1), 0.007);
  EXPECT_LE(s.comparison->mean_kl, 5e-3);
  EXPECT_GT(s.comparison->mean_kl, 0);  // not exact under another name
  EXPECT_LE(s.comparison->mean_abs_nll_difference, 0.08);
  std::printf("fast: perplexity %.5f, exact %.5f, mean KL %.3e, 99.9 %% %.3e, same top %.4f, mean |dNLL| %.5f\n",
              s.perplexity, s.comparison->reference_perplexity, s.comparison->mean_kl, s.comparison->kl_p999,
              s.comparison->same_top, s.comparison->mean_abs_nll_difference);
}

}  // namespace
}  // namespace carat
