// The promise of design: the same request gives the same bits alone or in a batch, in any chunks, on any number of
// threads, on every ISA, whether upper layers are skipped or not. Whole logits rows are compared, on tiny models of
// every variant.

#include <random>

#include "kernels/isa.h"
#include "model_testing.h"
#include "runtime/kv_cache.h"

namespace carat {
namespace {

using namespace testing;

constexpr std::int64_t kWindow = 16;  // of the tiny models; a page holds 64 keys

Ids random_ids(std::int64_t n, unsigned seed) {
  std::mt19937 rng(seed);
  Ids ids(static_cast<std::size_t>(n));
  for (auto& id : ids) id = static_cast<tokenizer::TokenId>(rng() % 512);
  return ids;
}

std::vector<std::filesystem::path> model_paths() {
  const auto text = golden_dir() / "text";
  return {text / "e2b",
          text / "e4b",
          text / "12b-unified",
          text / "26b-a4b",
          text / "31b",
          text / "gemma3",
          text / "e2b/model-q4_0.gguf",
          text / "26b-a4b/model-q8_0.gguf",
          text / "31b/model-q4_k_m.gguf",
          text / "12b-unified/model-q4_0.gguf",
          text / "gemma3/model-q8_0.gguf"};
}

// Before, at and after the edges of a window, of four windows and of pages.
constexpr std::int64_t kLengths[] = {1,           kWindow - 1,     kWindow, kWindow + 1, 4 * kWindow - 1,
                                     4 * kWindow, 4 * kWindow + 1, 130};

// A tap that looks at nothing but keeps every row in every layer.
class KeepAllRows final : public model::ForwardTap {
 public:
  void on(std::int64_t, std::string_view, MatView<const float>) override {}
  bool wants_all_rows() const override { return true; }
};

// Feeds each sequence in chunks of `chunk`, all sequences in the same steps; the logits of every sequence's last row.
std::vector<std::vector<float>> run(model::Decoder& m, const std::vector<Ids>& prompts, std::int64_t chunk,
                                    kernels::Exec& exec, model::ForwardTap* tap = nullptr,
                                    model::KvType type = model::KvType::kF32) {
  auto kv = runtime::KvCache::create({.layouts = m.kv_layouts(type), .n_layers = m.config().n_layers()});
  EXPECT_TRUE(kv.has_value());
  std::vector<runtime::SequenceId> names;
  for (std::size_t s = 0; s < prompts.size(); ++s) names.push_back(kv->create_sequence());
  std::vector<std::vector<float>> logits(prompts.size());
  for (bool more = true; more;) {
    more = false;
    std::vector<model::Row> rows;
    std::vector<std::size_t> asked;
    std::vector<std::int64_t> counts(prompts.size(), 0);
    for (std::size_t s = 0; s < prompts.size(); ++s) {
      const std::int64_t done = kv->length(names[s]), size = static_cast<std::int64_t>(prompts[s].size());
      counts[s] = std::min(chunk, size - done);
      if (counts[s] == 0) continue;
      more = true;
      EXPECT_TRUE(kv->prepare(names[s], counts[s]));
      for (std::int64_t i = done; i < done + counts[s]; ++i) {
        model::Row row;
        row.sequence = static_cast<std::int32_t>(s);
        row.position = i;
        row.token = prompts[s][static_cast<std::size_t>(i)];
        row.wants_logits = i + 1 == size;
        if (row.wants_logits) asked.push_back(s);
        rows.push_back(row);
      }
    }
    if (!more) break;
    std::vector<const model::KvSequencePages*> pages;
    for (const auto name : names) pages.push_back(&kv->pages(name));
    model::StepOutput out;
    const auto stepped = m.step(rows, {type, pages}, exec, out, tap);
    EXPECT_TRUE(stepped.has_value()) << stepped.error().to_string();
    const auto vocab = static_cast<std::ptrdiff_t>(m.config().vocab_size);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const auto first = out.logits.begin() + static_cast<std::ptrdiff_t>(i) * vocab;
      logits[asked[i]].assign(first, first + vocab);
    }
    for (std::size_t s = 0; s < prompts.size(); ++s) kv->after_step(names[s], counts[s]);
  }
  return logits;
}

class Invariance : public ::testing::TestWithParam<std::tuple<std::filesystem::path, kernels::Compute>> {
 protected:
  static kernels::Compute compute() { return std::get<1>(GetParam()); }

  void SetUp() override {
    exec_ = make_exec(1, "scalar", compute());
    model_ = load_model(std::get<0>(GetParam()), exec_->pool());
    ASSERT_NE(model_, nullptr);
    for (const std::int64_t n : kLengths) prompts_.push_back(random_ids(n, static_cast<unsigned>(n)));
  }
  // One prompt alone, whole, one thread, scalar, nothing skipped: what everything else must equal.
  std::vector<float> reference(const Ids& prompt) {
    KeepAllRows all;
    return run(*model_, {prompt}, 1 << 20, exec_->exec(), &all)[0];
  }

  std::unique_ptr<runtime::ExecContext> exec_;
  std::unique_ptr<model::Decoder> model_;
  std::vector<Ids> prompts_;
};

TEST_P(Invariance, ChunksThreadsIsasAndSkippedLayers) {
  for (const Ids& prompt : prompts_) {
    const auto expected = reference(prompt);
    for (const kernels::IsaTarget& isa : kernels::isa_targets()) {
      if (!isa.supported()) continue;
      for (const int threads : {1, 2, 3}) {
        const auto exec = make_exec(threads, isa.name, compute());
        for (const std::int64_t chunk : {1, 7, 64, 1 << 20}) {
          if (isa.name == "scalar" && (threads != 2 || chunk == 1)) continue;  // pairwise: scalar is slow
          ASSERT_EQ(run(*model_, {prompt}, chunk, exec->exec())[0], expected)
              << isa.name << ", " << threads << " threads, chunk " << chunk << ", prompt of " << prompt.size();
        }
      }
    }
  }
}

TEST_P(Invariance, RaggedBatchesOfOneToNine) {
  std::vector<std::vector<float>> alone;
  std::vector<Ids> nine = prompts_;
  nine.push_back(random_ids(29, 99));
  for (const Ids& prompt : nine) alone.push_back(reference(prompt));
  const auto exec = make_exec(2, "", compute());
  for (std::size_t n = 1; n <= nine.size(); ++n) {
    const std::vector<Ids> batch(nine.end() - static_cast<std::ptrdiff_t>(n), nine.end());
    for (const std::int64_t chunk : {std::int64_t{5}, std::int64_t{1} << 20}) {
      const auto logits = run(*model_, batch, chunk, exec->exec());
      for (std::size_t s = 0; s < n; ++s) {
        ASSERT_EQ(logits[s], alone[nine.size() - n + s]) << "sequence " << s << " of " << n << ", chunk " << chunk;
      }
    }
  }
}

TEST_P(Invariance, StoredTypesOfKeysAndValues) {
  const auto exec = make_exec(2, "", compute());
  for (const auto type : {model::KvType::kF16, model::KvType::kBF16}) {
    const auto whole = run(*model_, {prompts_.back()}, 1 << 20, exec_->exec(), nullptr, type)[0];
    EXPECT_EQ(run(*model_, {prompts_.back()}, 7, exec->exec(), nullptr, type)[0], whole) << model::kv_type_name(type);
    const auto f32 = run(*model_, {prompts_.back()}, 7, exec->exec())[0];
    EXPECT_NE(whole, f32) << "the type is not used";
    // One expert or one int8 code that flips is a large difference in a tiny random model.
    if (model_->config().n_experts > 0 || compute() == kernels::Compute::kFast) continue;
    EXPECT_LE(difference(whole, f32).relative_rms, type == model::KvType::kF16 ? 0.05 : 0.4);
  }
}

std::vector<std::tuple<std::filesystem::path, kernels::Compute>> cases() {
  std::vector<std::tuple<std::filesystem::path, kernels::Compute>> all;
  for (const auto& path : model_paths()) {
    all.emplace_back(path, kernels::Compute::kExact);
    // Only files with quantised weights have another arithmetic in `fast`.
    if (path.extension() == ".gguf") all.emplace_back(path, kernels::Compute::kFast);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Models, Invariance, ::testing::ValuesIn(cases()), [](const auto& test) {
  std::string name = std::filesystem::relative(std::get<0>(test.param), golden_dir() / "text").string();
  if (std::get<1>(test.param) == kernels::Compute::kFast) name += "_fast";
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace carat
