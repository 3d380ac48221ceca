#pragma once

#include <CLI/Validators.hpp>
#include <cstdint>

namespace carat::cli {

/// A count from 1, below what any machine could hold: sums of some of them do not overflow.
inline CLI::Range at_least_one() { return {std::int64_t{1}, std::int64_t{1} << 40}; }

}  // namespace carat::cli
