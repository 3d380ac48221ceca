#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/thread_pool.h"
#include "tensor/buffer.h"

namespace carat::kernels {

/// What this machine can do at this moment: the denominators of "share of peak". Measured anew at each call, since
/// clocks, neighbours and the paths to memory change; some tens of milliseconds each, with all threads of the pool.
///
///     ASSIGN_OR_RETURN(MachinePeak peak, MachinePeak::create());
///     const double gb_per_s = peak.read_gb_per_s(exec.pool());
class MachinePeak {
 public:
  static constexpr std::int64_t kBufferBytes = std::int64_t{256} << 20;  ///< resident as long as this lives

  /// Errors: kOutOfMemory.
  static Result<MachinePeak> create();

  /// GB/s of reading `bytes` (at most kBufferBytes) again and again: from memory, or from the cache that holds them.
  /// The best of passes with one and with four streams a thread.
  double read_gb_per_s(ThreadPool& pool, std::int64_t bytes = kBufferBytes) const;
  /// Gop/s (a multiply-add is two) of the widest f32 fma, and of the fastest exact-in-32-bits u8 x i8 dot of this CPU.
  static double f32_gop_per_s(ThreadPool& pool);
  static double int8_gop_per_s(ThreadPool& pool);

 private:
  explicit MachinePeak(Buffer buffer) : buffer_(std::move(buffer)) {}
  Buffer buffer_;
};

}  // namespace carat::kernels
