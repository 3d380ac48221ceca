#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/benchmark.h"

namespace carat::cli {

/// The workloads that --pp "512,8192", --tg "64@0,64@32768" and --seqs 8 name: prompts, then generation, then for each
/// length of --tg the same by `n_sequences` together from position 0 (if more than one). Empty lists name none.
/// Errors: kInvalidArgument naming the flag and the part that is none, or when nothing is left to run; kLimit for a
/// workload beyond `context` positions.
Result<std::vector<runtime::BenchTest>> bench_tests(const std::string& pp, const std::string& tg,
                                                    std::int64_t n_sequences, std::int64_t context);

}  // namespace carat::cli
