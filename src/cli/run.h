#pragma once

namespace carat::cli {

/// The whole program behind main: parses, runs the command, prints an error as one line on stderr.
/// Returns the exit code (exit_code.h). No exception leaves it.
int run(int argc, const char* const* argv);

}  // namespace carat::cli
