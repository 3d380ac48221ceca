#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/term/terminal.h"

namespace carat::cli {

/// One line on stderr about long work: how much is done, and about how long it will take. Drawn only where stderr is a
/// terminal, from half a second on, at most ten times a second; wiped when the work ends.
///
///     Progress progress("copying gemma.gguf");
///     while (...) progress.at(n_copied, n_bytes);
///
/// One thread.
class Progress {
 public:
  explicit Progress(std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void at(std::uint64_t done, std::uint64_t total);
  /// Wipes the line, so that something else can be printed. The next at() draws it again.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  Terminal terminal_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_ = start_;
  bool drawn_ = false;
};

/// "reading the prompt  34 %, 12 s left", cut to `columns`. `elapsed` seconds for `done` of `total`.
std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total, double elapsed,
                          int columns);

}  // namespace carat::cli
