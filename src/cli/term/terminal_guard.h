#pragma once

#include <termios.h>

#include <csignal>

namespace carat::cli {

/// The terminal as it was found: its modes, no colours, no marks around what is pasted. It comes back also when a
/// signal ends the program: while it lives, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE (a signal that is ignored stays so)
/// see to that first, and then do what they do. At most one lives at a time.
class TerminalGuard {
 public:
  struct Options {
    int modes_fd = -1;          ///< the terminal whose modes will be changed; -1: they are not
    int shown_on = 1;           ///< the terminal that shows text
    bool marks_pastes = false;  ///< it will be told to (2004h)
    bool colour = false;        ///< text in colours goes there
    bool ctrl_c = false;        ///< SIGINT too: nobody else handles it
  };

  explicit TerminalGuard(const Options& options);
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;
  /// Gives the signals back, and leaves the terminal to restore().
  ~TerminalGuard();

  /// What is typed or pasted is not echoed into what is being printed, and can be read without waiting for its line's
  /// end. Ctrl-C and Ctrl-Z work, and throw nothing away. Until restore(). Nothing happens where there is no terminal.
  void quiet() const;

  /// Puts the terminal back, if a guard lives; in a signal handler, too. Only the program in the foreground does so:
  /// from another one it would change the modes of whoever has the terminal now.
  static void restore();

 private:
  static constexpr int kSignals[] = {SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGINT};
  static constexpr int kCount = 5;

  struct sigaction before_[kCount];
};

}  // namespace carat::cli
