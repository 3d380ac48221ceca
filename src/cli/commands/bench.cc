#include "cli/commands/bench.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "cli/bench_report.h"
#include "cli/bench_tests.h"
#include "cli/engine_options.h"
#include "cli/loaded_engine.h"
#include "cli/loaded_model.h"
#include "cli/model_argument.h"
#include "cli/output.h"
#include "cli/term/progress.h"
#include "kernels/machine_peak.h"
#include "runtime/benchmark.h"
#include "runtime/machine_load.h"
#include "runtime/step.h"

namespace carat::cli {
namespace {

using runtime::BenchResult;
using runtime::BenchTest;

struct BenchCommand {
  EngineOptions engine;
  std::string pp = "512", tg = "64@0";
  std::int64_t n_sequences = 1;
  std::int64_t n_repetitions = 5;
  double patience = 40;
  bool json = false;
};

/// Memory of the greediest test; no tokenizer is loaded, and the probes read a buffer of their own.
Result<runtime::MemoryPlan> plan_of(const model::Checkpoint& checkpoint, std::span<const BenchTest> tests,
                                    model::KvType kv) {
  runtime::MemoryPlan plan;
  for (const BenchTest& test : tests) {
    ASSIGN_OR_RETURN(const runtime::MemoryPlan one, runtime::plan_memory(checkpoint, {.context = test.context(),
                                                                                      .n_sequences = test.n_sequences,
                                                                                      .chunk = kPromptChunk,
                                                                                      .kv_type = kv}));
    plan.weights = one.weights;
    plan.program = one.program + kernels::MachinePeak::kBufferBytes;
    plan.kv = std::max(plan.kv, one.kv);
    plan.step = std::max(plan.step, one.step);
  }
  return plan;
}

/// The K/V of one sequence and one token through the whole model: from here on every token comes as fast as the next.
Result<void> first_token(runtime::Engine& engine) {
  runtime::Session session(engine);
  const tokenizer::TokenId id = 0;
  RETURN_IF_ERROR(session.append({&id, 1}));
  model::StepOutput out;
  return runtime::prefill(session, runtime::OutputRows::kLast, runtime::OutputRows::kNone, out);
}

Result<void> run_bench(const BenchCommand& c) {
  ASSIGN_OR_RETURN(const model::KvType kv_element, kv_type(c.engine.kv));
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(c.engine.model));
  // Opened twice: once to plan, before 256 MiB are taken for the probes, and once to be timed.
  std::vector<BenchTest> tests;
  runtime::MemoryPlan plan;
  {
    ASSIGN_OR_RETURN(const model::Checkpoint checkpoint, open_runnable(path));
    ASSIGN_OR_RETURN(tests, bench_tests(c.pp, c.tg, c.n_sequences, checkpoint.config.context_length));
    ASSIGN_OR_RETURN(plan, plan_of(checkpoint, tests, kv_element));
    RETURN_IF_ERROR(admit(plan, c.engine));
  }
  ASSIGN_OR_RETURN(const auto exec,
                   runtime::ExecContext::create({.n_threads = c.engine.threads, .compute = compute_of(c.engine)}));
  ASSIGN_OR_RETURN(const kernels::MachinePeak peak, kernels::MachinePeak::create());
  runtime::wait_until_quiet(std::min(10.0, c.patience));
  const double before = peak.read_gb_per_s(exec->pool());

  const runtime::OthersWatch watch;
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, open_runnable(path));
  ASSIGN_OR_RETURN(model::PackedCopy copy, look_for_copy(checkpoint, c.engine.cache));
  ASSIGN_OR_RETURN(LoadedModel loaded, LoadedModel::load(std::move(checkpoint), std::move(copy), exec->pool()));
  plan.weights_mapped = loaded.mapped();
  model::Decoder* const decoder = &loaded.decoder();
  ASSIGN_OR_RETURN(auto kv,
                   runtime::KvCache::create({decoder->kv_layouts(kv_element), decoder->config().n_layers(), 0}));
  std::int64_t context = 0;
  for (const BenchTest& test : tests) context = std::max(context, test.context());
  runtime::Engine engine{*decoder, kv, exec->exec(), context, kPromptChunk};
  RETURN_IF_ERROR(first_token(engine));
  const double seconds = watch.seconds(), others = watch.share();
  const runtime::Repetition load{seconds, static_cast<double>(decoder->weights().packed_bytes()) / seconds / 1e9,
                                 (before + peak.read_gb_per_s(exec->pool())) / 2, others};
  loaded.finish();  // writing the packed copy would disturb what is measured now

  say(fmt::format("{}: {} on {}, {} thread{}, K/V {}", decoder->config().name, c.engine.compute, exec->isa_name(),
                  exec->pool().n_threads(), exec->pool().n_threads() == 1 ? "" : "s", c.engine.kv));
  say(fmt::format("memory plan {}", describe(plan)));
  const runtime::WeightCount weights = runtime::count_weights(decoder->config(), decoder->weights());
  say(fmt::format("weights read for one token {:.3f} GB", static_cast<double>(weights.bytes) / 1e9));

  Progress progress("measuring");
  std::int64_t n_tests = 0;
  const auto all_tests = static_cast<std::int64_t>(tests.size());
  runtime::Benchmark benchmark(engine, weights, peak, exec->pool(),
                               {.n_repetitions = c.n_repetitions,
                                .patience = c.patience,
                                .fast = exec->exec().compute == kernels::Compute::kFast,
                                .progress = [&](std::int64_t n_quiet, std::int64_t n_wanted) {
                                  progress.at(static_cast<std::uint64_t>(n_tests * n_wanted + n_quiet),
                                              static_cast<std::uint64_t>(all_tests * n_wanted));
                                }});
  std::vector<BenchResult> results;
  for (const BenchTest& test : tests) {
    ASSIGN_OR_RETURN(const BenchResult result, benchmark.run(test));
    ++n_tests;
    progress.clear();
    if (c.json) RETURN_IF_ERROR(write_stdout(bench_json(result, 0)));
    results.push_back(result);
  }
  results.push_back(runtime::summarize("load", runtime::Bound::kRead, {&load, 1}));
  const std::int64_t peak_memory =
      std::max(std::int64_t{0}, runtime::peak_resident_bytes() - kernels::MachinePeak::kBufferBytes);
  return write_stdout(c.json ? bench_json(results.back(), peak_memory) : bench_text(results, peak_memory));
}

}  // namespace

Action add_bench(CLI::App& command) {
  auto c = std::make_shared<BenchCommand>();
  command.add_option("MODEL", c->engine.model, kModelHelp);
  command.add_option("--pp", c->pp, "prompts: numbers of tokens; \"\" for none")->capture_default_str();
  command.add_option("--tg", c->tg, "generation: TOKENS@DEPTH, depth = positions already there; \"\" for none")
      ->capture_default_str();
  command
      .add_option("--seqs", c->n_sequences, "also each length of --tg by so many sequences together, from position 0")
      ->check(CLI::Range(1, 1024));
  add_arithmetic_options(command, c->engine);
  command.add_option("--threads", c->engine.threads, "threads; default: the processors there are")
      ->check(CLI::Range(1, 1024));
  command.add_option("--reps", c->n_repetitions, "quiet repetitions wanted of each test")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      .add_option("--patience", c->patience,
                  "seconds to look for quiet repetitions of a test, when others use the machine")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  command.add_option("--max-memory", c->engine.max_memory, "refuse a memory plan above this, such as 8G");
  command.add_flag("--force", c->engine.force, "load whatever the memory plan says");
  add_cache_options(command, c->engine.cache);
  command.add_flag("--json", c->json, "one JSON object a line");
  return [c] { return run_bench(*c); };
}

}  // namespace carat::cli
