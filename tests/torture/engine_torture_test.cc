// A loaded engine: prompts, answers, batches, forks. One engine through all of it, so that what a failure leaves shows.

#include "../model_testing.h"
#include "base/bad_alloc.h"
#include "base/hash.h"
#include "eval/evaluate.h"
#include "eval/logit_source.h"
#include "runtime/generate.h"
#include "runtime/kv_cache.h"
#include "runtime/step.h"
#include "torture.h"

namespace carat::torture {
namespace {

using testing::golden_dir;
using testing::Ids;

std::string hash_of(std::span<const float> values) {
  return std::to_string(hash64({reinterpret_cast<const char*>(values.data()), values.size_bytes()}));
}

struct Loaded {
  std::unique_ptr<runtime::ExecContext> context;
  std::unique_ptr<model::Decoder> decoder;
  std::optional<runtime::KvCache> kv;
  std::optional<runtime::Engine> engine;

  explicit Loaded(const std::string& path, int n_threads, kernels::Compute compute) {
    context = testing::make_exec(n_threads, "", compute);
    decoder = testing::load_model(golden_dir() / path, context->pool());
    kv.emplace(*runtime::KvCache::create({decoder->kv_layouts(model::KvType::kF16), decoder->config().n_layers(), 0}));
    engine.emplace(runtime::Engine{*decoder, *kv, context->exec(), 512, 32});
  }
  std::string state() const { return std::to_string(kv->bytes_in_use()) + " bytes of K/V"; }
};

Ids prompt(int n) {
  Ids ids;
  for (int i = 0; i < n; ++i) ids.push_back((i * 37 + 11) % 500);
  return ids;
}

std::string text_of(const runtime::GenerateResult& result) {
  std::string text;
  for (const auto id : result.tokens) text += std::to_string(id) + " ";
  return text;
}

class EngineTorture : public ::testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  EngineTorture() : loaded_(std::get<0>(GetParam()), std::get<1>(GetParam()), kernels::Compute::kFast) {}

  Case with_state(std::string name, std::function<Result<std::string>()> run) {
    return {.name = std::string(std::get<0>(GetParam())) + ": " + std::move(name),
            .run = std::move(run),
            .state = [this] { return loaded_.state(); },
            .may_do_without = true};  // std::stable_sort does with less; of a batch, each alone
  }
  runtime::Engine& engine() { return *loaded_.engine; }

  Loaded loaded_;
};

TEST_P(EngineTorture, Answers) {
  const auto answer = [&](const runtime::SamplingParams& sampling) -> Result<std::string> {
    return no_bad_alloc([&]() -> Result<std::string> {
      runtime::Session session(engine());
      RETURN_IF_ERROR(session.append(prompt(70)));
      std::vector<float> logprobs;
      runtime::GenerateRequest request{.session = &session, .sampling = sampling, .max_tokens = 6, .top_logprobs = 3};
      request.sink = [&](const runtime::GeneratedToken& token) {
        logprobs.push_back(static_cast<float>(token.logprobs.logprob));
        return true;
      };
      ASSIGN_OR_RETURN(const auto result, runtime::generate(request));
      return text_of(result) + hash_of(logprobs);
    });
  };
  const runtime::SamplingParams greedy{.temperature = 0};
  const runtime::SamplingParams sampled{.temperature = 0.9,
                                        .top_k = 40,
                                        .top_p = 0.9,
                                        .min_p = 0.01,
                                        .repetition_penalty = 1.1,
                                        .presence_penalty = 0.2,
                                        .frequency_penalty = 0.1,
                                        .logit_bias = {{3, 1.0F}},
                                        .seed = 7};
  torture(with_state("greedy", [&] { return answer(greedy); }));
  torture(with_state("sampled", [&] { return answer(sampled); }));
}

// The conversation itself must survive: a failure in the middle of an answer, and then the same answer.
TEST_P(EngineTorture, AConversationGoesOn) {
  runtime::Session session(engine());
  ASSERT_TRUE(session.append(prompt(40)));
  Case work = with_state("a kept conversation", [&]() -> Result<std::string> {
    const std::int64_t before = session.size();
    auto result = runtime::generate({.session = &session, .sampling = {.temperature = 0}, .max_tokens = 4});
    session.truncate(before);
    if (!result) return std::move(result).error();
    return text_of(*result);
  });
  work.state = [&] { return std::to_string(session.size()); };
  torture(work);
}

TEST_P(EngineTorture, BatchesAndForks) {
  torture(with_state("three at once", [&]() -> Result<std::string> {
    return no_bad_alloc([&]() -> Result<std::string> {
      std::vector<runtime::Session> sessions;
      sessions.emplace_back(engine());
      RETURN_IF_ERROR(sessions[0].append(prompt(45)));
      model::StepOutput out;
      RETURN_IF_ERROR(runtime::prefill(sessions[0], runtime::OutputRows::kLast, runtime::OutputRows::kNone, out));
      sessions.push_back(sessions[0].fork());
      sessions.push_back(sessions[0].fork());
      sessions[1].truncate(20);
      RETURN_IF_ERROR(sessions[2].append(prompt(3)));
      std::vector<runtime::GenerateRequest> requests;
      for (auto& s : sessions) requests.push_back({.session = &s, .sampling = {.temperature = 0}, .max_tokens = 3});
      ASSIGN_OR_RETURN(const auto results, runtime::generate_batch(engine(), requests));
      std::string text = hash_of(out.logits);
      for (const auto& result : results) {
        if (result.error) return *result.error;
        text += " / " + text_of(result);
      }
      return text;
    });
  }));
}

TEST_P(EngineTorture, Evaluation) {
  torture(with_state("evaluation", [&]() -> Result<std::string> {
    return no_bad_alloc([&]() -> Result<std::string> {
      ASSIGN_OR_RETURN(const auto source,
                       eval::ModelLogits::create(*loaded_.decoder, loaded_.context->exec(), model::KvType::kF16));
      ASSIGN_OR_RETURN(const auto scores,
                       eval::evaluate(std::vector<Ids>{prompt(30)}, *source, nullptr, loaded_.context->pool(), 8));
      double sum = 0;
      for (const auto& score : scores) sum += score.nll;
      return std::to_string(sum);
    });
  }));
}

INSTANTIATE_TEST_SUITE_P(Models, EngineTorture,
                         ::testing::Values(std::tuple("text/e2b/model-q4_0.gguf", 1),
                                           std::tuple("text/26b-a4b/model-q8_0.gguf", 2)));

TEST(ContextTorture, Threads) {
  torture({.name = "three threads", .run = []() -> Result<std::string> {
             ASSIGN_OR_RETURN(const auto context, runtime::ExecContext::create({.n_threads = 3}));
             return std::to_string(context->pool().n_threads());
           }});
}

// What a share throws comes out of run(), on the thread that called it.
TEST(PoolTorture, AShareThatFails) {
  ThreadPool pool(3);
  torture({.name = "shares that allocate", .run = [&]() -> Result<std::string> {
             return no_bad_alloc([&]() -> Result<std::string> {
               std::atomic<int> sum{0};
               pool.run(16, [&](std::int64_t share, int) {
                 const auto number = std::make_unique<int>(static_cast<int>(share));
                 sum += *number;
               });
               return std::to_string(sum.load());
             });
           }});
}

}  // namespace
}  // namespace carat::torture
