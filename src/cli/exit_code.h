#pragma once

#include "base/error.h"

namespace carat::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;

/// The process's exit code for an error, between 1 and 100 (docs/cli.md lists them; do not change: scripts rely on
/// them).
int exit_code(ErrorCode code);

}  // namespace carat::cli
