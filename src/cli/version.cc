#include "cli/version.h"

#include <fmt/core.h>

#include "cli/build_info.h"
#include "kernels/arithmetic_version.h"

namespace carat::cli {

std::string_view commit() { return kCommit; }
std::string_view version() { return kVersion; }

std::string version_line() {
  return fmt::format("carat {} (commit {}, arithmetic {})", version(), commit(), kernels::kArithmeticVersion);
}

}  // namespace carat::cli
