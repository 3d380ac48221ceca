#pragma once

#include <csignal>

namespace carat::cli {

/// The signals that a prompt must handle itself, since the terminal is in another mode meanwhile: a new window size,
/// Ctrl-Z, the end. While it lives they become answers of wait(). SIGINT keeps its handler (interrupts.h), which ends a
/// wait too. At most one lives at a time.
class PromptSignals {
 public:
  enum class Event {
    kInput,    ///< the descriptor can be read, or is gone
    kSignal,   ///< some other signal's handler ran
    kResized,  ///< SIGWINCH
    kStop,     ///< SIGTSTP
    kEnd,      ///< SIGTERM, SIGHUP
  };

  PromptSignals();
  PromptSignals(const PromptSignals&) = delete;
  PromptSignals& operator=(const PromptSignals&) = delete;
  ~PromptSignals();

  /// Waits until there is input on `fd`, or a signal.
  Event wait(int fd);
  /// Stops the process as Ctrl-Z does without us; returns when it goes on.
  void stop();
  /// The signal behind kEnd.
  int end_signal() const;

 private:
  static constexpr int kSignals[] = {SIGWINCH, SIGTSTP, SIGTERM, SIGHUP};
  static constexpr int kCount = 4;

  struct sigaction before_[kCount];
};

}  // namespace carat::cli
