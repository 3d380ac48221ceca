// The same bits in a crowd: sequences that come and go at random in one step, more threads than processors, and a
// neighbour who takes the processors. invariance_test.cc has the orderly cases.

#include <atomic>
#include <random>
#include <thread>

#include "base/hash.h"
#include "model_testing.h"
#include "runtime/kv_cache.h"
#include "runtime/step.h"

namespace carat {
namespace {

using namespace testing;

Ids random_ids(std::mt19937& random, std::size_t n) {
  Ids ids(n);
  for (auto& id : ids) id = static_cast<tokenizer::TokenId>(random() % 512);
  return ids;
}

/// Hashes of the logits of rows of one sequence, by position. The crowd may take several rows in a step.
using Hashes = std::vector<std::uint64_t>;

std::uint64_t hash_of(std::span<const float> row) {
  return hash64({reinterpret_cast<const char*>(row.data()), row.size_bytes()});
}

class Crowd : public ::testing::TestWithParam<std::tuple<const char*, kernels::Compute>> {
 protected:
  void load(int n_threads) {
    exec_ = make_exec(n_threads, "", std::get<1>(GetParam()));
    model_ = load_model(golden_dir() / "text" / std::get<0>(GetParam()), exec_->pool());
    ASSERT_NE(model_, nullptr);
    kv_.emplace(*runtime::KvCache::create({model_->kv_layouts(model::KvType::kF16), model_->config().n_layers(), 0}));
    engine_.emplace(runtime::Engine{*model_, *kv_, exec_->exec(), 1024, 512});
  }
  Hashes alone(const Ids& ids) {
    runtime::Session session(*engine_);
    EXPECT_TRUE(session.append(ids));
    model::StepOutput out;
    EXPECT_TRUE(runtime::prefill(session, runtime::OutputRows::kAll, runtime::OutputRows::kNone, out));
    return hashes(out, ids.size());
  }
  Hashes hashes(const model::StepOutput& out, std::size_t n_rows) const {
    const auto vocab = static_cast<std::size_t>(model_->config().vocab_size);
    Hashes all;
    for (std::size_t r = 0; r < n_rows; ++r) all.push_back(hash_of(std::span(out.logits).subspan(r * vocab, vocab)));
    return all;
  }

  std::unique_ptr<runtime::ExecContext> exec_;
  std::unique_ptr<model::Decoder> model_;
  std::optional<runtime::KvCache> kv_;
  std::optional<runtime::Engine> engine_;
};

TEST_P(Crowd, RandomArrivalsAndChunks) {
  load(2);
  std::mt19937 random(5);
  std::vector<Ids> prompts;
  std::vector<Hashes> expected;
  for (const std::size_t n : {1U, 17U, 40U, 64U, 65U, 97U, 128U, 150U}) {
    prompts.push_back(random_ids(random, n));
    expected.push_back(alone(prompts.back()));
  }
  for (unsigned seed = 0; seed < 3; ++seed) {
    std::mt19937 order(seed);
    std::vector<std::optional<runtime::Session>> present(prompts.size());
    std::vector<std::size_t> next(prompts.size(), 0);  // the position whose logits come next
    std::size_t n_done = 0;
    for (int guard = 0; n_done < prompts.size() && guard < 10'000; ++guard) {
      for (std::size_t p = 0; p < prompts.size(); ++p) {  // somebody arrives, now and then
        if (present[p] || next[p] == prompts[p].size() || order() % 4 != 0) continue;
        present[p].emplace(*engine_);
        ASSERT_TRUE(present[p]->append(prompts[p]));
      }
      std::vector<runtime::Feed> feeds;
      std::vector<std::size_t> who;
      for (std::size_t p = 0; p < prompts.size(); ++p) {
        if (!present[p] || order() % 5 == 0) continue;
        const std::int64_t most = order() % 3 == 0 ? 1 : 1 + static_cast<std::int64_t>(order() % 60);
        feeds.push_back({&*present[p], std::min(most, present[p]->pending()), runtime::OutputRows::kAll});
        who.push_back(p);
      }
      std::shuffle(who.begin(), who.end(), order);
      std::vector<runtime::Feed> shuffled;
      for (const std::size_t p : who) {
        shuffled.push_back(*std::find_if(feeds.begin(), feeds.end(),
                                         [&](const runtime::Feed& f) { return f.session == &*present[p]; }));
      }
      if (shuffled.empty()) continue;
      model::StepOutput out;
      const auto stepped = runtime::step(*engine_, shuffled, out);
      CARAT_ASSERT_OK(stepped);
      std::size_t n_rows = 0;
      for (const runtime::Feed& feed : shuffled) n_rows += static_cast<std::size_t>(feed.n_rows);
      const Hashes got = hashes(out, n_rows);
      std::size_t row = 0;
      for (std::size_t i = 0; i < shuffled.size(); ++i) {
        const std::size_t p = who[i];
        for (std::int64_t r = 0; r < shuffled[i].n_rows; ++r, ++row, ++next[p]) {
          ASSERT_EQ(got[row], expected[p][next[p]]) << "seed " << seed << ", prompt " << p << ", row " << next[p];
        }
        if (next[p] < prompts[p].size()) continue;
        present[p].reset();  // and leaves
        ++n_done;
      }
    }
    EXPECT_EQ(n_done, prompts.size());
  }
}

TEST_P(Crowd, MoreThreadsThanProcessorsAndABusyNeighbour) {
  std::mt19937 random(6);
  const Ids ids = random_ids(random, 97);
  load(1);
  const Hashes expected = alone(ids);
  std::atomic<bool> over{false};
  std::thread neighbour([&] {
    std::uint64_t work = 1;
    while (!over) work = work * 6364136223846793005ULL + 1442695040888963407ULL;
    EXPECT_NE(work, 0U);
  });
  for (const int n_threads : {2, 3, 4, 8, 16}) {
    load(n_threads);
    EXPECT_EQ(alone(ids), expected) << n_threads << " threads";
  }
  over = true;
  neighbour.join();
}

INSTANTIATE_TEST_SUITE_P(Models, Crowd,
                         ::testing::Values(std::tuple("e2b/model-q4_0.gguf", kernels::Compute::kFast),
                                           std::tuple("26b-a4b/model-q8_0.gguf", kernels::Compute::kFast),
                                           std::tuple("31b/model-q4_k_m.gguf", kernels::Compute::kFast),
                                           std::tuple("gemma3", kernels::Compute::kExact)));

}  // namespace
}  // namespace carat
