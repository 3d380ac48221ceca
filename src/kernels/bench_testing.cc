#include "kernels/bench_testing.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <chrono>

#include "tensor/buffer.h"

namespace carat::kernels::testing {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Both loops: enough independent chains to hide the latency of one operation (4 to 5 cycles, two a cycle).
#if defined(__x86_64__)
__attribute__((target("avx512f"))) float fma_loop_512(std::int64_t n) {
  __m512 acc[12];
  for (__m512& a : acc) a = _mm512_set1_ps(1.0f);
  const __m512 x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
  for (std::int64_t i = 0; i < n; ++i) {
    for (__m512& a : acc) a = _mm512_fmadd_ps(a, x, y);
  }
  __m512 sum = acc[0];
  for (const __m512& a : acc) sum = _mm512_add_ps(sum, a);
  return _mm512_cvtss_f32(sum);
}
__attribute__((target("avx2,fma"))) float fma_loop_256(std::int64_t n) {
  __m256 acc[12];
  for (__m256& a : acc) a = _mm256_set1_ps(1.0f);
  const __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
  for (std::int64_t i = 0; i < n; ++i) {
    for (__m256& a : acc) a = _mm256_fmadd_ps(a, x, y);
  }
  __m256 sum = acc[0];
  for (const __m256& a : acc) sum = _mm256_add_ps(sum, a);
  return _mm256_cvtss_f32(sum);
}
#endif
float fma_loop_plain(std::int64_t n) {
  float acc[12];
  for (float& a : acc) a = 1.0f;
  for (std::int64_t i = 0; i < n; ++i) {
    for (float& a : acc) a = a * 0.999f + 1e-3f;
  }
  float sum = 0;
  for (const float a : acc) sum += a;
  return sum;
}

struct FmaLoop {
  float (*run)(std::int64_t n);
  int lanes;
};
FmaLoop widest_fma_loop() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {fma_loop_512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {fma_loop_256, 8};
#endif
  return {fma_loop_plain, 1};
}

}  // namespace

double measure_read_gb_per_s(int n_threads, std::int64_t bytes) {
  static const Buffer kBuffer = [] {
    Buffer b = Buffer::allocate(std::size_t{256} << 20).value();
    std::memset(b.data(), 1, b.size());
    return b;
  }();
  ThreadPool pool(n_threads);
  constexpr std::int64_t kShares = 16, kStep = 64;  // a share reads whole cache lines
  const auto size = static_cast<std::int64_t>(kBuffer.size());
  const std::int64_t per_share = std::clamp(bytes, kShares * kStep, size) / kShares / kStep * kStep;
  const std::int64_t repeats = size / (per_share * kShares);
  double best = 0;
  for (int round = 0; round < 4; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
      pool.run(kShares, [&](std::int64_t share, int) {
        const auto* p = reinterpret_cast<const std::uint64_t*>(kBuffer.data() + share * per_share);
        std::uint64_t sums[8] = {};
        for (std::int64_t i = 0; i < per_share / 8; i += 8) {
          for (int j = 0; j < 8; ++j) sums[j] += p[i + j];
        }
        for (const std::uint64_t s : sums) benchmark::DoNotOptimize(s);
      });
    }
    best = std::max(best, static_cast<double>(repeats * per_share * kShares) / seconds_since(start) / 1e9);
  }
  return best;
}

double measure_fma_gflop_per_s(int n_threads) {
  const FmaLoop loop = widest_fma_loop();
  ThreadPool pool(n_threads);
  constexpr std::int64_t kSteps = 200000;
  double best = 0;
  for (int round = 0; round < 8; ++round) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(4 * n_threads, [&](std::int64_t, int) { benchmark::DoNotOptimize(loop.run(kSteps)); });
    best = std::max(best, 2.0 * 12 * loop.lanes * kSteps * 4 * n_threads / seconds_since(start) / 1e9);
  }
  return best;
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
