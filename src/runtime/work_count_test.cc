#include "runtime/work_count.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "formats/tensor_source.h"
#include "model/decoder.h"
#include "runtime/benchmark.h"

namespace carat::runtime {
namespace {

std::unique_ptr<model::Decoder> load(const std::string& name) {
  ThreadPool pool(2);
  auto checkpoint = model::Checkpoint::open(std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / name);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().to_string();
  auto decoder = model::Decoder::load(std::move(checkpoint).value(), pool);
  EXPECT_TRUE(decoder.has_value()) << decoder.error().to_string();
  return std::move(decoder).value();
}

// Parameters of a layer, from the config alone.
std::int64_t layer_parameters(const model::ModelConfig& c, std::int64_t i) {
  const model::LayerConfig& l = c.layers[static_cast<std::size_t>(i)];
  const std::int64_t q = l.n_heads * l.head_dim, kv = l.n_kv_heads * l.head_dim;
  std::int64_t n = c.d_model * (2 * q + 3 * l.d_ff + 2 * c.ple_dim);
  if (l.owns_kv(i)) n += c.d_model * kv * (l.v_is_k ? 1 : 2);
  if (c.n_experts > 0) n += c.d_model * (c.n_experts + 3 * c.expert_d_ff * c.top_k_experts);
  return n;
}

TEST(WorkCount, ParametersAreThoseOfTheConfig) {
  for (const std::string name : {"e2b", "e4b", "12b-unified", "26b-a4b", "31b", "gemma3", "e2b/model-q4_0.gguf"}) {
    const auto decoder = load(name);
    const model::ModelConfig& c = decoder->config();
    const WeightCount count = count_weights(c, decoder->weights());
    std::int64_t lower = c.n_layers() * c.ple_dim * c.d_model, upper = 0;
    for (std::int64_t i = 0; i < c.n_layers(); ++i) {
      (i < c.first_shared_layer() ? lower : upper) += layer_parameters(c, i);
    }
    EXPECT_EQ(count.head_parameters, c.vocab_size * c.d_model) << name;
    EXPECT_EQ(count.lower_parameters, lower) << name;
    EXPECT_EQ(count.upper_parameters, upper) << name;
    EXPECT_EQ(count.upper_parameters > 0, name[0] == 'e') << name;  // E2B and E4B share K/V
    EXPECT_EQ(count.quantised_parameters > 0, name.find("q4_0") != std::string::npos) << name;
  }
}

TEST(WorkCount, BytesAreThePackedOnesAndOfExpertsTheActive) {
  const auto dense = load("e2b");
  const WeightCount dense_count = count_weights(dense->config(), dense->weights());
  EXPECT_EQ(dense_count.bytes, dense->weights().packed_bytes());
  EXPECT_EQ(dense_count.expert_bytes, 0);
  EXPECT_EQ(step_weight_bytes(dense->config(), dense_count, 8), static_cast<double>(dense_count.bytes));

  const auto moe = load("26b-a4b");
  const model::ModelConfig& c = moe->config();
  const WeightCount count = count_weights(c, moe->weights());
  const std::int64_t idle = count.expert_bytes / c.top_k_experts * (c.n_experts - c.top_k_experts);
  EXPECT_EQ(count.bytes + idle, moe->weights().packed_bytes());
  EXPECT_NEAR(step_weight_bytes(c, count, 1), static_cast<double>(count.bytes), 1);
  // Two rows: the second finds an expert of the first with probability top_k / n_experts.
  const double again = static_cast<double>(c.top_k_experts) / static_cast<double>(c.n_experts);
  EXPECT_NEAR(step_weight_bytes(c, count, 2),
              static_cast<double>(count.bytes) + static_cast<double>(count.expert_bytes) * (1 - again), 1);
  EXPECT_NEAR(step_weight_bytes(c, count, 1000), static_cast<double>(moe->weights().packed_bytes()), 1);
}

// E2B as released: 35 layers, every fifth full, the last 20 without K/V of their own.
model::ModelConfig true_e2b() {
  model::ModelConfig c;
  c.vocab_size = 262144;
  c.d_model = 1536;
  c.ple_dim = 256;
  for (std::int64_t i = 0; i < 35; ++i) {
    const bool full = (i + 1) % 5 == 0;
    model::LayerConfig l;
    l.sliding = !full;
    l.window = full ? 0 : 512;
    l.n_heads = 8;
    l.n_kv_heads = 1;
    l.head_dim = full ? 512 : 256;
    l.d_ff = i < 15 ? 6144 : 12288;
    l.kv_layer = i < 15 ? i : full ? 14 : 13;
    c.layers.push_back(l);
  }
  return c;
}

TEST(WorkCount, KeysAndValuesOfE2B) {
  const model::ModelConfig c = true_e2b();
  ASSERT_EQ(c.first_shared_layer(), 15);
  // 7 full layers of 512, 28 sliding ones of 256; K and V, two bytes each.
  EXPECT_EQ(kv_read_bytes(c, model::KvType::kF16, 1), 4 * (7 * 512 + 28 * 256));
  EXPECT_EQ(kv_read_bytes(c, model::KvType::kF16, 32768), 4 * (7 * 512 * 32768 + 28 * 256 * 512));
  EXPECT_EQ(kv_read_bytes(c, model::KvType::kF32, 100), 2 * kv_read_bytes(c, model::KvType::kBF16, 100));
  // 4 n_heads head_dim a key: sums of one position at a time.
  double ops = 0;
  for (std::int64_t p = 0; p < 1000; ++p) {
    ops += 4.0 * 8 *
           (3 * 512 * static_cast<double>(p + 1) + 12 * 256 * static_cast<double>(std::min<std::int64_t>(p + 1, 512)));
  }
  EXPECT_EQ(attention_ops(c, 0, 1000, 15), ops);
  EXPECT_EQ(attention_ops(c, 0, 400, 15) + attention_ops(c, 400, 1000, 15), ops);
}

TEST(WorkCount, PromptRowsStopBelowTheSharedLayers) {
  const model::ModelConfig c = true_e2b();
  const WeightCount weights{.lower_parameters = 7, .upper_parameters = 110, .head_parameters = 1300};
  EXPECT_EQ(prompt_ops(c, weights, 1), token_ops(c, weights, 0));
  EXPECT_EQ(prompt_ops(c, weights, 600) - attention_ops(c, 0, 600, 15) -
                (attention_ops(c, 599, 600, 35) - attention_ops(c, 599, 600, 15)),
            2.0 * (7 * 600 + 110 + 1300));
}

TEST(BenchSummary, QuietRepetitionsOnly) {
  const std::vector<Repetition> repetitions = {
      {10, 40, 50, 0.3}, {20, 45, 50, 0.01}, {30, 20, 40, 0.04}, {5, 1, 50, 0.05}};
  const BenchResult quiet = summarize("x", Bound::kRead, repetitions);
  EXPECT_EQ(quiet.n_quiet, 2);
  EXPECT_EQ(quiet.median, 25);
  EXPECT_EQ(quiet.min, 20);
  EXPECT_EQ(quiet.max, 30);
  EXPECT_DOUBLE_EQ(quiet.share_of_peak, 0.7);  // the median of shares, not the share of medians
  EXPECT_DOUBLE_EQ(quiet.others, 0.025);

  const BenchResult noisy = summarize("x", Bound::kRead, std::span(repetitions).first(1));
  EXPECT_EQ(noisy.n_quiet, 0);
  EXPECT_EQ(noisy.median, 10);
  EXPECT_DOUBLE_EQ(noisy.others, 0.3);
}

TEST(BenchTestName, SaysWhatIsDone) {
  EXPECT_EQ((BenchTest{BenchTest::Kind::kPrompt, 512}.name()), "pp512");
  EXPECT_EQ((BenchTest{BenchTest::Kind::kGenerate, 64, 32768}.name()), "tg64@32768");
  EXPECT_EQ((BenchTest{BenchTest::Kind::kGenerate, 64, 0, 8}.name()), "tg64x8@0");
}

}  // namespace
}  // namespace carat::runtime
