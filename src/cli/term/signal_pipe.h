#pragma once

namespace carat::cli {

/// How a signal handler, in whatever thread it runs, wakes a thread that waits for input: a pipe of this process.
class SignalPipe {
 public:
  /// Makes the pipe if there is none yet. Call before handlers that notify are installed.
  static void create();
  /// From a signal handler.
  static void notify();
  /// Waits until `fd` can be read (or is gone): true; or until a handler has notified: false.
  static bool wait(int fd);
};

}  // namespace carat::cli
