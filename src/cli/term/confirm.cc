#include "cli/term/confirm.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "cli/output.h"
#include "cli/term/safe_text.h"

namespace carat::cli {

Result<bool> confirm(const std::string& what, const std::string& question) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    return invalid_argument(fmt::format("{}; --yes does it without a question", what));
  }
  write_stderr(fmt::format("{}. {} [y/N] ", safe_line(what), question));
  std::string answer;
  for (;;) {
    char c = 0;
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n') break;
    answer += c;
  }
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace carat::cli
