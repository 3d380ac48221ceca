#include "cli/term/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/output.h"

namespace carat::cli {
namespace {

constexpr std::chrono::milliseconds kQuiet{500};     // what ends sooner needs no line
constexpr std::chrono::milliseconds kInterval{100};  // smooth for the eye, nothing for the machine
constexpr double kWarmUp = 0.02;                     // share done before a guess of the rest means anything

std::string duration(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

}  // namespace

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total, double elapsed,
                          int columns) {
  const double share = total == 0 ? 0 : static_cast<double>(std::min(done, total)) / static_cast<double>(total);
  std::string line = fmt::format("{}  {:.0f} %", what, share * 100);
  if (share >= kWarmUp) line += fmt::format(", {} left", duration(elapsed * (1 - share) / share));
  // A line that wraps cannot be wiped by going back to its start.
  return line.substr(0, static_cast<std::size_t>(std::max(columns - 1, 1)));
}

Progress::Progress(std::string what) : what_(std::move(what)), terminal_(terminal_of(STDERR_FILENO)) {}

void Progress::at(std::uint64_t done, std::uint64_t total) {
  if (!terminal_.interactive) return;
  const Clock::time_point now = Clock::now();
  if (now - start_ < kQuiet || (drawn_ && now - drawn_at_ < kInterval)) return;
  drawn_at_ = now;
  drawn_ = true;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  write_stderr("\r\x1b[K" + Style(terminal_).dim(progress_line(what_, done, total, elapsed, terminal_.columns)));
}

void Progress::clear() {
  if (!drawn_) return;
  write_stderr("\r\x1b[K");
  drawn_ = false;
}

}  // namespace carat::cli
