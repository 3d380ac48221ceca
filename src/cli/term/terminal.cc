#include "cli/term/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace carat::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Terminal terminal_of(int fd) {
  Terminal terminal;
  terminal.attached = isatty(fd) != 0;
  if (!terminal.attached) return terminal;
  const std::string_view term = variable("TERM");
  terminal.interactive = !term.empty() && term != "dumb";
  terminal.colour = terminal.interactive && variable("NO_COLOR").empty();
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  return terminal;
}

std::string Style::in(std::string_view code, std::string_view text) const {
  if (!colour_ || text.empty()) return std::string(text);
  std::string out = "\x1b[";
  out.append(code).append("m").append(text).append("\x1b[0m");
  return out;
}

}  // namespace carat::cli
