#pragma once

#include <algorithm>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/exec.h"

namespace carat::kernels {

/// fn(row) for every row, in parallel when there are enough of them to repay a region (about half a microsecond).
template <typename F>
void for_each_row(Exec& exec, std::int64_t n_rows, F&& fn) {
  constexpr std::int64_t kMinRowsPerShare = 4;
  const std::int64_t n_shares = std::min<std::int64_t>((n_rows + kMinRowsPerShare - 1) / kMinRowsPerShare,
                                                       std::int64_t{4} * exec.pool->n_threads());
  if (n_shares <= 1) {
    for (std::int64_t r = 0; r < n_rows; ++r) fn(r);
    return;
  }
  exec.pool->run(n_shares, [&](std::int64_t share, int) {
    const std::int64_t end = n_rows * (share + 1) / n_shares;
    for (std::int64_t r = n_rows * share / n_shares; r < end; ++r) fn(r);
  });
}

}  // namespace carat::kernels
