#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carat::cli {

/// Writes all of `text` to stdout at once, so that a stream is seen as it comes. Errors: kIo (a full disk, a closed
/// descriptor). A closed pipe ends the process quietly, as every filter does (SIGPIPE keeps its default).
Result<void> write_stdout(std::string_view text);

/// One line on stderr: "carat: " + text.
void say(std::string_view text);

/// All of stdin. Errors: kLimit above `max_bytes`, kIo.
Result<std::string> read_stdin(std::size_t max_bytes);

}  // namespace carat::cli
