#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "runtime/logprobs.h"
#include "runtime/sampler.h"

namespace carat::runtime {
namespace {

/// Gemma's vocabulary, bell-shaped like real logits.
std::vector<float> logits_262144() {
  std::vector<float> logits(262144);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double u = uniform_at(1, 0, 2 * i);
    const double v = uniform_at(1, 0, 2 * i + 1);
    logits[i] = static_cast<float>(std::sqrt(-2 * std::log(u + 1e-12)) * std::cos(6.2831853 * v) * 4 - 8);
  }
  return logits;
}

void sample(benchmark::State& state, const SamplingParams& params) {
  const auto logits = logits_262144();
  Sampler sampler(params, {});
  std::int64_t position = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sampler.sample(logits, position++));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(logits.size() * sizeof(float)));
}

void log_probabilities(benchmark::State& state) {
  const auto logits = logits_262144();
  for (auto _ : state) benchmark::DoNotOptimize(logprobs_of(logits, 5, 20));
}

BENCHMARK_CAPTURE(sample, greedy, {.temperature = 0});
BENCHMARK_CAPTURE(sample, top_k_64_top_p, {.top_k = 64, .top_p = 0.95});
BENCHMARK_CAPTURE(sample, top_k_1000, {.top_k = 1000});
BENCHMARK_CAPTURE(sample, top_p_only, {.top_p = 0.95});
BENCHMARK_CAPTURE(sample, all, {});
BENCHMARK(log_probabilities);

}  // namespace
}  // namespace carat::runtime
