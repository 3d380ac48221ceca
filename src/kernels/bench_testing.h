#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "kernels/kernels_testing.h"

/// Benchmark helper: what this machine can do, measured in the same program as what a kernel does.
namespace carat::kernels::testing {

/// GB/s of reading `bytes` (at most 256 MiB) again and again with `n_threads`: from memory, or from the cache that
/// holds them. GFLOP/s (a fused multiply-add is two) of the widest f32 fma of this CPU. About 50 ms each; measured anew
/// at each call, since clocks and neighbours change.
double measure_read_gb_per_s(int n_threads, std::int64_t bytes);
double measure_fma_gflop_per_s(int n_threads);

/// What limits an op, to name its counters: bytes that must be read, or f32 operations.
enum class Limit { kRead, kFma };

/// Runs `op` for as long as benchmark wants; counters: GB/s or GFLOP/s, and its share of the peak (the mean of a
/// measurement before and one after) with as many threads.
/// `amount`: bytes or operations of one call. The read peak is that of a working set of so many bytes.
void run_against_peak(benchmark::State& state, int n_threads, Limit limit, double amount,
                      const std::function<void()>& op);

/// Registers `body(state, table, n_threads)` as name/isa/threads for every ISA and 1 and all threads.
void register_for_isas(const std::string& name,
                       const std::function<void(benchmark::State&, const KernelTable&, int)>& body);

}  // namespace carat::kernels::testing
