#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runtime/benchmark.h"

namespace carat::cli {

/// One line of `--json`, as docs/cli.md names the fields. `peak_memory` is left out when it is 0.
std::string bench_json(const runtime::BenchResult& result, std::int64_t peak_memory);

/// The table for people; the last result is loading, in seconds.
std::string bench_text(std::span<const runtime::BenchResult> results, std::int64_t peak_memory);

}  // namespace carat::cli
