#include "cli/term/terminal_guard.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

namespace carat::cli {
namespace {

constexpr std::string_view kPasteOff = "\x1b[?2004l", kPlain = "\x1b[0m";

// A signal handler has no other way to know anything. Written before handlers are installed.
std::atomic<bool> guarded{false};
TerminalGuard::Options terminal;
termios modes;
bool has_modes = false;

bool in_foreground(int fd) {
  const pid_t group = tcgetpgrp(fd);
  return group < 0 || group == getpgrp();
}

/// What a terminal does not take now (Ctrl-S) it does not get: the end waits for nothing.
void put(std::string_view text) {
  pollfd output{terminal.shown_on, POLLOUT, 0};
  if (::poll(&output, 1, 0) == 1 && (output.revents & POLLOUT) != 0) {
    (void)!::write(terminal.shown_on, text.data(), text.size());
  }
}

void on_signal(int signal) {
  TerminalGuard::restore();
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // takes effect when this handler returns
}

}  // namespace

TerminalGuard::TerminalGuard(const Options& options) {
  terminal = options;
  has_modes = options.modes_fd >= 0 && tcgetattr(options.modes_fd, &modes) == 0;
  guarded = true;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < kCount; ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler == SIG_IGN || (kSignals[i] == SIGINT && !options.ctrl_c)) continue;
    sigaction(kSignals[i], &action, nullptr);
  }
}

TerminalGuard::~TerminalGuard() {
  for (int i = 0; i < kCount; ++i) {
    if (kSignals[i] != SIGINT || terminal.ctrl_c) sigaction(kSignals[i], &before_[i], nullptr);
  }
  guarded = false;
}

void TerminalGuard::quiet() const {
  if (!has_modes) return;
  termios quiet = modes;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  quiet.c_lflag |= NOFLSH;  // Ctrl-C stops an answer, and not what was typed meanwhile
  quiet.c_cc[VMIN] = 1;
  quiet.c_cc[VTIME] = 0;
  tcsetattr(terminal.modes_fd, TCSANOW, &quiet);
}

void TerminalGuard::restore() {
  if (!guarded) return;
  if (has_modes && in_foreground(terminal.modes_fd)) tcsetattr(terminal.modes_fd, TCSANOW, &modes);
  if (!in_foreground(terminal.shown_on)) return;
  if (terminal.marks_pastes) put(kPasteOff);
  if (terminal.colour) put(kPlain);
}

}  // namespace carat::cli
