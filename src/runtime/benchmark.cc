#include "runtime/benchmark.h"

#include <fmt/core.h>

#include <algorithm>

#include "runtime/machine_load.h"
#include "runtime/step.h"

namespace carat::runtime {
namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

template <typename Get>
std::vector<double> collect(std::span<const Repetition> repetitions, Get get) {
  std::vector<double> values;
  for (const Repetition& r : repetitions) values.push_back(get(r));
  return values;
}

}  // namespace

std::string BenchTest::name() const {
  if (kind == Kind::kPrompt) return fmt::format("pp{}", n_tokens);
  if (n_sequences > 1) return fmt::format("tg{}x{}@{}", n_tokens, n_sequences, depth);
  return fmt::format("tg{}@{}", n_tokens, depth);
}

BenchResult summarize(std::string test, Bound bound, std::span<const Repetition> repetitions) {
  std::vector<Repetition> counted;
  for (const Repetition& r : repetitions) {
    if (r.others < kQuietShare) counted.push_back(r);
  }
  BenchResult result{.test = std::move(test), .bound = bound};
  result.repetitions.assign(repetitions.begin(), repetitions.end());
  result.n_quiet = static_cast<std::int64_t>(counted.size());
  if (counted.empty()) counted.assign(repetitions.begin(), repetitions.end());
  if (counted.empty()) return result;
  const std::vector<double> speeds = collect(counted, [](const Repetition& r) { return r.speed; });
  result.median = median(speeds);
  result.min = *std::min_element(speeds.begin(), speeds.end());
  result.max = *std::max_element(speeds.begin(), speeds.end());
  result.rate = median(collect(counted, [](const Repetition& r) { return r.rate; }));
  result.peak = median(collect(counted, [](const Repetition& r) { return r.peak; }));
  result.share_of_peak = median(collect(counted, [](const Repetition& r) { return r.peak > 0 ? r.rate / r.peak : 0; }));
  result.others = median(collect(counted, [](const Repetition& r) { return r.others; }));
  return result;
}

std::vector<tokenizer::TokenId> Benchmark::tokens(std::int64_t n) {
  std::vector<tokenizer::TokenId> ids;
  const auto vocab = static_cast<std::uint32_t>(engine_.model.config().vocab_size);
  for (std::int64_t i = 0; i < n; ++i) {
    random_ = random_ * 1664525u + 1013904223u;
    ids.push_back(static_cast<tokenizer::TokenId>((random_ >> 8) % vocab));
  }
  return ids;
}

Benchmark::Work Benchmark::work_of(const BenchTest& test) const {
  const model::ModelConfig& c = engine_.model.config();
  if (test.kind == BenchTest::Kind::kPrompt) {
    return {0, prompt_ops(c, weights_, test.n_tokens) / static_cast<double>(test.n_tokens)};
  }
  Work work{step_weight_bytes(c, weights_, test.n_sequences) / static_cast<double>(test.n_sequences), 0};
  for (std::int64_t i = 0; i < test.n_tokens; ++i) {
    const auto n = static_cast<double>(test.n_tokens);
    work.bytes += static_cast<double>(kv_read_bytes(c, engine_.kv.type(), test.depth + i + 1)) / n;
    work.ops += token_ops(c, weights_, test.depth + i) / n;
  }
  return work;
}

double Benchmark::probe(Bound bound) const {
  if (bound == Bound::kRead) return peak_.read_gb_per_s(pool_);
  const bool int8 = options_.fast && 2 * weights_.quantised_parameters > weights_.parameters();
  return int8 ? kernels::MachinePeak::int8_gop_per_s(pool_) : kernels::MachinePeak::f32_gop_per_s(pool_);
}

Result<void> Benchmark::prompt(std::int64_t n_tokens) {
  Session session(engine_);
  RETURN_IF_ERROR(session.append(tokens(n_tokens)));
  model::StepOutput out;
  return prefill(session, OutputRows::kLast, OutputRows::kNone, out);
}

// Forks share what is already there and leave it as it is, so every round begins at the same depth.
Result<void> Benchmark::generate(std::span<const Session> starts, std::int64_t n_tokens) {
  std::vector<Session> sessions;
  for (const Session& start : starts) sessions.push_back(start.fork());
  model::StepOutput out;
  for (std::int64_t i = 0; i < n_tokens; ++i) {
    std::vector<Feed> feeds;
    for (Session& session : sessions) {
      RETURN_IF_ERROR(session.append(tokens(1)));
      feeds.push_back({&session, 1, OutputRows::kLast, OutputRows::kNone});
    }
    RETURN_IF_ERROR(step(engine_, feeds, out));
  }
  return {};
}

Result<BenchResult> Benchmark::measure(const BenchTest& test, const Round& round) {
  const Work work = work_of(test);
  Bound bound = test.kind == BenchTest::Kind::kPrompt ? Bound::kOps : Bound::kRead;
  // Many sequences together may be bound by either: the one that takes longer at its peak.
  if (test.n_sequences > 1 && work.ops / probe(Bound::kOps) > work.bytes / probe(Bound::kRead)) bound = Bound::kOps;
  const double amount = bound == Bound::kRead ? work.bytes : work.ops;

  RETURN_IF_ERROR(round());  // pages touched, threads awake
  std::vector<Repetition> repetitions;
  const OthersWatch test_watch;
  std::int64_t n_quiet = 0;
  const auto n_done = [&] { return static_cast<std::int64_t>(repetitions.size()); };
  while (n_quiet < options_.n_repetitions && n_done() < 6 * options_.n_repetitions &&
         (n_done() < options_.n_repetitions || test_watch.seconds() < options_.patience)) {
    wait_until_quiet(std::min(10.0, options_.patience - test_watch.seconds()));
    const double before = probe(bound);
    const OthersWatch watch;
    std::int64_t n_rounds = 0;
    do {
      RETURN_IF_ERROR(round());
      ++n_rounds;
    } while (watch.seconds() < kMinSeconds);
    const double seconds = watch.seconds(), others = watch.share();
    const double speed = static_cast<double>(n_rounds * test.n_tokens * test.n_sequences) / seconds;
    repetitions.push_back({speed, speed * amount / 1e9, (before + probe(bound)) / 2, others});
    n_quiet += others < kQuietShare ? 1 : 0;
    if (options_.progress) options_.progress(n_quiet, options_.n_repetitions);
  }
  return summarize(test.name(), bound, repetitions);
}

Result<BenchResult> Benchmark::run(const BenchTest& test) {
  if (test.kind == BenchTest::Kind::kPrompt) return measure(test, [&] { return prompt(test.n_tokens); });
  std::vector<Session> starts;
  for (std::int64_t i = 0; i < test.n_sequences; ++i) {
    Session& start = starts.emplace_back(engine_);
    if (test.depth == 0) continue;
    RETURN_IF_ERROR(start.append(tokens(test.depth)));
    model::StepOutput out;
    RETURN_IF_ERROR(prefill(start, OutputRows::kNone, OutputRows::kNone, out));
  }
  return measure(test, [&] { return generate(starts, test.n_tokens); });
}

}  // namespace carat::runtime
