#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace carat {
namespace {

TEST(ThreadPool, RunsEveryShareOnce) {
  for (int threads = 1; threads <= 4; ++threads) {
    ThreadPool pool(threads);
    for (std::int64_t n : {0, 1, 2, 3, 17, 1000}) {
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(n));
      pool.run(n, [&](std::int64_t share, int thread) {
        EXPECT_GE(thread, 0);
        EXPECT_LT(thread, threads);
        hits[static_cast<std::size_t>(share)].fetch_add(1);
      });
      for (const auto& h : hits) EXPECT_EQ(h.load(), 1);
    }
  }
}

TEST(ThreadPool, WritesOfSharesAreVisibleAfterRun) {
  ThreadPool pool(3);
  std::vector<std::int64_t> value(64, 0);
  for (std::int64_t round = 1; round <= 5000; ++round) {
    pool.run(64, [&](std::int64_t share, int) { value[static_cast<std::size_t>(share)] += share; });
    if (round % 1000 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // long enough for the workers to park
      for (std::int64_t i = 0; i < 64; ++i) ASSERT_EQ(value[static_cast<std::size_t>(i)], i * round);
    }
  }
}

// A thread that is held up keeps the share it is in; the others take everything else of its part.
TEST(ThreadPool, OthersTakeTheSharesOfAThreadThatIsHeldUp) {
  for (int threads = 2; threads <= 4; ++threads) {
    ThreadPool pool(threads);
    constexpr std::int64_t kShares = 40;
    std::atomic<std::int64_t> n_others{0};
    std::atomic<int> held{-1};
    pool.run(kShares, [&](std::int64_t, int thread) {
      int nobody = -1;
      if (held.compare_exchange_strong(nobody, thread)) {
        while (n_others.load() < kShares - 1) std::this_thread::yield();
      } else {
        EXPECT_NE(thread, held.load());
        n_others.fetch_add(1);
      }
    });
    EXPECT_EQ(n_others.load(), kShares - 1);
  }
}

}  // namespace
}  // namespace carat
