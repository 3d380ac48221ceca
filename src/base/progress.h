#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace carat {

/// Told how far long work is, by the thread that asked for it: `done` of `total` bytes of "packing the weights".
/// Called often; may be empty.
using ProgressFn = std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

/// Adds up what the shares of a ThreadPool have done, and tells.
///
///     ProgressCounter counter(progress, "packing the weights", n_bytes);
///     pool.run(n, [&](std::int64_t share, int thread) { ...; counter.add(share_bytes, thread); });
///     counter.report();
class ProgressCounter {
 public:
  /// `what` is a literal, or lives as long as the counter and those who are told.
  ProgressCounter(const ProgressFn& tell, std::string_view what, std::uint64_t total)
      : tell_(tell), what_(what), total_(total) {}

  /// Any thread of the pool; thread 0 is the one that asked, and the only one that tells.
  void add(std::uint64_t n, int thread) {
    done_.fetch_add(n, std::memory_order_relaxed);
    if (thread == 0) report();
  }
  void report() const {
    if (tell_) tell_(what_, std::min(done_.load(std::memory_order_relaxed), total_), total_);
  }

 private:
  const ProgressFn& tell_;
  std::string_view what_;
  std::uint64_t total_;
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace carat
