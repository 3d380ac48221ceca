#pragma once

#include <termios.h>

namespace carat::cli {

/// While it lives, what is typed or pasted on the terminal of `fd` is not echoed into the answer that is being printed;
/// it can be read without waiting for its line's end. Ctrl-C and Ctrl-Z work, and throw nothing away. Nothing happens
/// where `fd` is no terminal.
class QuietTerminal {
 public:
  explicit QuietTerminal(int fd);
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal();

 private:
  int fd_;
  bool changed_ = false;
  termios before_{};
};

}  // namespace carat::cli
