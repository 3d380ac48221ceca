#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carat::cli {

/// Writes all of `text` to stdout at once, so that a stream is seen as it comes. Errors: kIo (a full disk, a closed
/// descriptor). A closed pipe ends the process quietly, as every filter does (SIGPIPE keeps its default).
Result<void> write_stdout(std::string_view text);

/// All of `text` to a descriptor; lost where it cannot be written (closed, a full disk), or is negative.
void write_or_lose(int fd, std::string_view text);

/// Text on stderr. Where stderr cannot be written (closed, a full disk) it is lost: an answer is worth more.
void write_stderr(std::string_view text);

/// One line on stderr: "carat: " + text.
void say(std::string_view text);

/// Opens /dev/null in the place of a standard descriptor that the parent has closed, so that no file opened later gets
/// its number and the program's words; closed ones stay unusable the way they were: what is written there is an error.
void reserve_standard_descriptors();

/// All of stdin. Errors: kLimit above `max_bytes`, kIo.
Result<std::string> read_stdin(std::size_t max_bytes);

}  // namespace carat::cli
