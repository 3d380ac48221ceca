#pragma once

#include <atomic>
#include <csignal>

namespace carat::cli {

/// Ctrl-C (SIGINT) as a flag instead of the program's end, while it lives; what was before comes back afterwards. At
/// most one lives at a time. A third Ctrl-C while the flag is set ends the program after all, for work that does not
/// look at it.
class Interrupts {
 public:
  Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

  /// Set by Ctrl-C until clear(): what generate() takes as its cancel flag.
  const std::atomic<bool>& flag() const;
  /// Ctrl-C since the last clear().
  int count() const;
  void clear();

 private:
  struct sigaction before_ {};
};

}  // namespace carat::cli
