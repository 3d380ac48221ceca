#include "kernels/bench_testing.h"

#include <chrono>

#include "kernels/machine_peak.h"

namespace carat::kernels::testing {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double measure_read_gb_per_s(int n_threads, std::int64_t bytes) {
  static const MachinePeak kPeak = MachinePeak::create().value();
  ThreadPool pool(n_threads);
  return kPeak.read_gb_per_s(pool, bytes);
}

double measure_fma_gflop_per_s(int n_threads) {
  ThreadPool pool(n_threads);
  return MachinePeak::f32_gop_per_s(pool);
}

void run_against_peak(benchmark::State& state, int n_threads, Limit limit, double amount,
                      const std::function<void()>& op) {
  const auto measure = [&](int threads) {
    return limit == Limit::kRead ? measure_read_gb_per_s(threads, static_cast<std::int64_t>(amount))
                                 : measure_fma_gflop_per_s(threads);
  };
  op();  // pages touched, threads awake
  const double before = measure(n_threads);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) op();
  const double rate = amount * static_cast<double>(state.iterations()) / seconds_since(start) / 1e9;
  const double peak = (before + measure(n_threads)) / 2;
  state.counters[limit == Limit::kRead ? "GB/s" : "GFLOP/s"] = rate;
  state.counters["peak"] = peak;
  state.counters["share_%"] = 100 * rate / peak;
}

void register_for_isas(const std::string& name,
                       const std::function<void(benchmark::State&, const KernelTable&, int)>& body) {
  for (const KernelTable* table : available_tables()) {
    for (const int n_threads : {1, default_thread_count()}) {
      benchmark::RegisterBenchmark((name + "/" + table->name + "/threads:" + std::to_string(n_threads)).c_str(),
                                   [=](benchmark::State& state) { body(state, *table, n_threads); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
      if (default_thread_count() == 1) break;
    }
  }
}

}  // namespace carat::kernels::testing
