#pragma once

namespace CLI {
class Option;
}

namespace carat::cli {

/// A count from 1, below what any machine could hold: sums of some of them do not overflow. Returns `option`.
CLI::Option* at_least_one(CLI::Option* option);

}  // namespace carat::cli
