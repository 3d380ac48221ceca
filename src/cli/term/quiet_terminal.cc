#include "cli/term/quiet_terminal.h"

#include <unistd.h>

namespace carat::cli {

QuietTerminal::QuietTerminal(int fd) : fd_(fd) {
  if (tcgetattr(fd, &before_) != 0) return;
  termios quiet = before_;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  quiet.c_lflag |= NOFLSH;  // Ctrl-C stops an answer, and not what was typed meanwhile
  quiet.c_cc[VMIN] = 1;
  quiet.c_cc[VTIME] = 0;
  changed_ = tcsetattr(fd, TCSANOW, &quiet) == 0;
}

QuietTerminal::~QuietTerminal() {
  if (changed_) tcsetattr(fd_, TCSANOW, &before_);
}

}  // namespace carat::cli
