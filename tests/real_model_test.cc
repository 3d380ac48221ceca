// The real Gemma 3 270M (Q4_K_M) against float32 arithmetic on the same weights: tests/golden/gemma3-270m/README.md.
// `./check` fetches the file; without it these tests fail, since skipping them would hide what matters most.

#include "model_testing.h"
#include "runtime/kv_cache.h"

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
    const double nll = nll_of(row, ids[i + 1]);
    worst = std::max(worst, std::abs(nll - golden["float32_nll"][i].get<double>()));
    sum += nll;
  }
  const double perplexity = std::exp(sum / static_cast<double>(ids.size() - 1));
  EXPECT_NEAR(perplexity, golden["float32"]["ppl"].get<double>(), 0.01);
  EXPECT_LE(worst, 0.02);
  RecordProperty("perplexity", std::to_string(perplexity));
  std::printf("perplexity %.5f, largest difference of a token %.5f\n", perplexity, worst);
}

// Eight bits of an activation do not give the ids of float32, so the reference's are fed and its argmax is asked for
// wherever it is clear; K/V f16, as fast is used.
TEST_F(RealModel, FastHasTheArgmaxOfFloat32WhereTheMarginIsClear) {
  const auto golden = read_json(golden_dir() / "gemma3-270m/greedy-f32.json");
  const auto exec = make_exec(2, "", kernels::Compute::kFast);
  const auto vocab = static_cast<std::size_t>(model_->config().vocab_size);
  int n_clear = 0, n_other = 0;
  for (const auto& prompt : golden["prompts"]) {
    const Ids steps = ids_of(prompt["ids"]);
    Ids ids = ids_of(prompt["prompt_ids"]), expected = ids_of(prompt["prompt_argmax"]);
    auto margins = prompt["prompt_margins"].get<std::vector<double>>();
    // Row i is what comes after ids[0 .. i]; the prompt's last row is the first greedy step.
    ids.insert(ids.end(), steps.begin(), steps.end() - 1);
    expected.insert(expected.end(), steps.begin() + 1, steps.end());
    const auto step_margins = prompt["margins"].get<std::vector<double>>();
    margins.insert(margins.end(), step_margins.begin() + 1, step_margins.end());
    ASSERT_EQ(expected.size(), ids.size());
    ASSERT_EQ(margins.size(), ids.size());

    const auto result = runtime::probe(*model_, ids, {.kv_type = model::KvType::kF16, .all_rows = true}, exec->exec());
    CARAT_ASSERT_OK(result);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto best = argmax(std::span(result->logits).subspan(i * vocab, vocab));
      const bool same = best == static_cast<std::size_t>(expected[i]);
      if (!same) ++n_other;
      if (margins[i] < 0.5) continue;
      ++n_clear;
      EXPECT_TRUE(same) << prompt["name"] << " row " << i << ", margin " << margins[i] << ": " << best;
    }
  }
  EXPECT_GT(n_clear, 300);
  std::printf("fast, K/V f16: %d rows of another argmax, all with a margin below 0.5; %d rows above it\n", n_other,
              n_clear);
}

struct Arithmetic {
  kernels::Compute compute;
  model::KvType kv_type;
};

// What must not change bits, in both modes: everything equals one thread's one step.
class RealModelInvariance : public RealModel, public ::testing::WithParamInterface<Arithmetic> {
 protected:
  // Past the window of 512, so that keys have been let go.
  static Ids text() {
    const Ids ids = ids_of(read_json(golden_dir() / "gemma3-270m/perplexity.json")["ids"]);
    return {ids.begin(), ids.begin() + 600};
  }
  static std::unique_ptr<runtime::ExecContext> exec(int n_threads) {
    return make_exec(n_threads, "", GetParam().compute);
  }

  static runtime::KvCache cache() {
    return runtime::KvCache::create(
               {.layouts = model_->kv_layouts(GetParam().kv_type), .n_layers = model_->config().n_layers()})
        .value();
  }

  // Feeds `ids` from the sequence's end on; the logits of the last one.
  static std::vector<float> feed(runtime::KvCache& kv, runtime::SequenceId sequence, std::span<const std::int32_t> ids,
                                 std::int64_t chunk, kernels::Exec& exec) {
    model::StepOutput out;
    const auto size = static_cast<std::int64_t>(ids.size());
    while (kv.length(sequence) < size) {
      const std::int64_t first = kv.length(sequence), count = std::min(chunk, size - first);
      EXPECT_TRUE(kv.prepare(sequence, count));
      std::vector<model::Row> rows(static_cast<std::size_t>(count));
      for (std::int64_t i = 0; i < count; ++i) {
        model::Row& row = rows[static_cast<std::size_t>(i)];
        row.position = first + i;
        row.token = ids[static_cast<std::size_t>(first + i)];
        row.wants_logits = first + i + 1 == size;
      }
      const model::KvSequencePages* const sequences[] = {&kv.pages(sequence)};
      const auto stepped = model_->step(rows, {kv.type(), sequences}, exec, out, nullptr);
      EXPECT_TRUE(stepped.has_value()) << stepped.error().to_string();
      kv.after_step(sequence, count);
    }
    return out.logits;
  }

  static std::vector<float> fresh(std::span<const std::int32_t> ids, std::int64_t chunk, kernels::Exec& exec) {
    auto kv = cache();
    return feed(kv, kv.create_sequence(), ids, chunk, exec);
  }
};

TEST_P(RealModelInvariance, ThreadsAndChunks) {
  const Ids ids = text();
  const auto one = exec(1), two = exec(2), three = exec(3);
  const auto expected = fresh(ids, 600, one->exec());
  EXPECT_EQ(fresh(ids, 600, two->exec()), expected);
  EXPECT_EQ(fresh(ids, 512, three->exec()), expected);
  for (const std::int64_t chunk : {1, 7, 64, 512}) EXPECT_EQ(fresh(ids, chunk, two->exec()), expected) << chunk;
}

TEST_P(RealModelInvariance, PrefixReuse) {
  const Ids ids = text();
  const std::span<const std::int32_t> all = ids;
  const auto two = exec(2);
  const auto expected = fresh(all, 64, two->exec());
  auto kv = cache();
  const auto sequence = kv.create_sequence();
  feed(kv, sequence, all.first(300), 100, two->exec());
  const auto twin = kv.fork(sequence);
  EXPECT_EQ(feed(kv, twin, all, 64, two->exec()), expected) << "forked at 300";
  ASSERT_EQ(kv.truncate(sequence, 250), 250);
  EXPECT_EQ(feed(kv, sequence, all, 64, two->exec()), expected) << "cut back to 250";
  ASSERT_EQ(kv.truncate(sequence, 590), 590);
  EXPECT_EQ(feed(kv, sequence, all, 64, two->exec()), expected) << "cut back behind the window's first keys";
}

INSTANTIATE_TEST_SUITE_P(Modes, RealModelInvariance,
                         ::testing::Values(Arithmetic{kernels::Compute::kExact, model::KvType::kF32},
                                           Arithmetic{kernels::Compute::kFast, model::KvType::kF16}),
                         [](const auto& test) {
                           return test.param.compute == kernels::Compute::kFast ? "fast_f16" : "exact_f32";
                         });

}  // namespace
}  // namespace carat
