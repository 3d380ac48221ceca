#include "cli/output.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cli/term/safe_text.h"

namespace carat::cli {

Result<void> write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(fmt::format("cannot write to stdout: {}", std::strerror(errno)));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

void reserve_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    // The lowest free number is the one that is missing.
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

void write_or_lose(int fd, std::string_view text) {
  while (fd >= 0 && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void write_stderr(std::string_view text) { write_or_lose(STDERR_FILENO, text); }

void say(std::string_view text) {
  // Names of files and words of models stand in what is said; none of them may drive a terminal.
  write_stderr(fmt::format("carat: {}\n", isatty(STDERR_FILENO) != 0 ? safe_text(text) : std::string(text)));
}

Result<std::string> read_stdin(std::size_t max_bytes) {
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(fmt::format("cannot read stdin: {}", std::strerror(errno)));
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
    if (text.size() > max_bytes)
      return limit_exceeded(fmt::format("stdin has more than {} bytes; send less", max_bytes));
  }
}

}  // namespace carat::cli
