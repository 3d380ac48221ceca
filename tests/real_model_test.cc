// The real Gemma 3 270M (Q4_K_M) against float32 arithmetic on the same weights: tests/golden/gemma3-270m/README.md.
// `./check` fetches the file; without it these tests fail, since skipping them would hide what matters most.

#include "model_testing.h"

namespace carat {
namespace {

using namespace testing;

class RealModel : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(std::filesystem::exists(real_model_path()))
        << real_model_path() << " is missing: run ./check once, it fetches it";
    exec_ = make_exec();
    model_ = load_model(real_model_path(), exec_->pool());
  }
  static void TearDownTestSuite() {
    model_.reset();
    exec_.reset();
  }
  void SetUp() override { ASSERT_NE(model_, nullptr); }

  static runtime::ProbeResult run(const Ids& ids, runtime::ProbeOptions options) {
    auto result = runtime::probe(*model_, ids, options, exec_->exec());
    EXPECT_TRUE(result.has_value()) << result.error().to_string();
    return result ? *result : runtime::ProbeResult{};
  }

  static inline std::unique_ptr<runtime::ExecContext> exec_;
  static inline std::unique_ptr<model::Decoder> model_;
};

TEST_F(RealModel, GreedyIdsAndTopLogits) {
  const auto golden = read_json(golden_dir() / "gemma3-270m/greedy-f32.json");
  ASSERT_EQ(golden["prompts"].size(), 8u);
  for (const auto& prompt : golden["prompts"]) {
    const std::string name = prompt["name"];
    const auto result = run(ids_of(prompt["prompt_ids"]), {.n_greedy = 48});
    const Ids expected = ids_of(prompt["ids"]);
    // Where the reference's margin is below 0.02 the argmax may differ, and with it everything after.
    for (std::size_t i = 0; i < expected.size() && prompt["margins"][i].get<double>() > 0.02; ++i) {
      EXPECT_EQ(result.greedy_ids[i], expected[i]) << name << " step " << i;
    }
    for (std::size_t i = 0; i < prompt["top20_ids"].size(); ++i) {
      const auto id = prompt["top20_ids"][i].get<std::size_t>();
      EXPECT_NEAR(static_cast<double>(result.logits[id]), prompt["top20_logits"][i].get<double>(), 0.02)
          << name << " id " << id;
    }
  }
}

TEST_F(RealModel, PerplexityOfAText) {
  const auto golden = read_json(golden_dir() / "gemma3-270m/perplexity.json");
  const Ids ids = ids_of(golden["ids"]);
  const auto result = run(ids, {.chunk = 512, .all_rows = true});
  const auto vocab = static_cast<std::size_t>(model_->config().vocab_size);
  double sum = 0, worst = 0;
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    const std::span<const float> row(result.logits.data() + i * vocab, vocab);
    const double top = static_cast<double>(*std::max_element(row.begin(), row.end()));
    double total = 0;
    for (const float l : row) total += std::exp(static_cast<double>(l) - top);
    const double nll = std::log(total) + top - static_cast<double>(row[static_cast<std::size_t>(ids[i + 1])]);
    worst = std::max(worst, std::abs(nll - golden["float32_nll"][i].get<double>()));
    sum += nll;
  }
  const double perplexity = std::exp(sum / static_cast<double>(ids.size() - 1));
  EXPECT_NEAR(perplexity, golden["float32"]["ppl"].get<double>(), 0.01);
  EXPECT_LE(worst, 0.02);
  RecordProperty("perplexity", std::to_string(perplexity));
  std::printf("perplexity %.5f, largest difference of a token %.5f\n", perplexity, worst);
}

TEST_F(RealModel, ChunksDoNotChangeBits) {
  const Ids ids = ids_of(read_json(golden_dir() / "gemma3-270m/perplexity.json")["ids"]);
  const Ids part(ids.begin(), ids.begin() + 700);  // past the window of 512
  const auto whole = run(part, {.chunk = 700}).logits;
  for (const std::int64_t chunk : {7, 64, 512}) EXPECT_EQ(run(part, {.chunk = chunk}).logits, whole) << chunk;
}

}  // namespace
}  // namespace carat
