#pragma once

#include <cstdint>

namespace carat::runtime {

/// What everybody but this process takes of the machine's processors, from /proc/stat against our own CPU time.
///
///     const OthersWatch watch;
///     work();
///     const bool quiet = watch.share() < kQuietShare;
class OthersWatch {
 public:
  OthersWatch();
  /// A fraction of all processors since construction, time taken by the host included; 0 where /proc/stat is missing.
  double share() const;
  double seconds() const;

 private:
  double start_;
  double others_;
};

/// A repetition during which others took more than this says little.
inline constexpr double kQuietShare = 0.05;

/// Waits until others leave the machine alone for a tenth of a second, at most so long.
void wait_until_quiet(double max_seconds);

/// The most memory this process ever had resident (VmHWM), in bytes; 0 where /proc does not say.
std::int64_t peak_resident_bytes();

}  // namespace carat::runtime
