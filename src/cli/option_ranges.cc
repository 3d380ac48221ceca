#include "cli/option_ranges.h"

#include <CLI/Option.hpp>
#include <cstdint>

namespace carat::cli {

CLI::Option* at_least_one(CLI::Option* option) {
  return option->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
}

}  // namespace carat::cli
