#include "base/thread_pool.h"

#include <sched.h>

#include <chrono>

#include "base/check.h"

namespace carat {
namespace {

constexpr int kFieldBits = 20;
constexpr std::uint64_t kFieldMask = (std::uint64_t{1} << kFieldBits) - 1;
constexpr std::uint64_t kGenerationMask = (std::uint64_t{1} << 24) - 1;
constexpr auto kSpin = std::chrono::microseconds(20);

std::int64_t next_of(std::uint64_t word) { return static_cast<std::int64_t>((word >> kFieldBits) & kFieldMask); }
std::int64_t end_of(std::uint64_t word) { return static_cast<std::int64_t>(word & kFieldMask); }

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Spins until ready() or for kSpin; the clock is read rarely because reading it costs more than a pause.
template <typename Ready>
bool spin_until(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace

ThreadPool::ThreadPool(int n_threads) : parts_(std::make_unique<Part[]>(static_cast<std::size_t>(n_threads))) {
  CARAT_CHECK(n_threads >= 1);
  workers_.reserve(static_cast<std::size_t>(n_threads - 1));
  try {
    for (int i = 1; i < n_threads; ++i) workers_.emplace_back([this, i] { work(i); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_.store(true, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_erased(std::int64_t n_shares, ShareFn fn, void* context) {
  CARAT_CHECK(n_shares >= 0 && n_shares <= kMaxShares);
  if (n_shares == 0) return;
  if (n_shares == 1 || workers_.empty()) {
    for (std::int64_t i = 0; i < n_shares; ++i) fn(context, i, 0);
    return;
  }
  // No share of the last job is left, so nobody takes one before the words below are there.
  fn_.store(fn, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  n_shares_.store(static_cast<std::int32_t>(n_shares), std::memory_order_relaxed);
  n_done_.store(0, std::memory_order_relaxed);
  generation_ = (generation_ + 1) & kGenerationMask;
  for (std::int64_t t = 0; t < n_threads(); ++t) {
    const auto next = static_cast<std::uint64_t>(n_shares * t / n_threads());
    const auto end = static_cast<std::uint64_t>(n_shares * (t + 1) / n_threads());
    parts_[static_cast<std::size_t>(t)].word.store((generation_ << (2 * kFieldBits)) | (next << kFieldBits) | end,
                                                   std::memory_order_release);
  }
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();

  while (take_and_run_share(0)) {
  }
  const auto n = static_cast<std::int32_t>(n_shares);
  while (!spin_until([&] { return n_done_.load(std::memory_order_acquire) == n; })) {
    const std::int32_t seen = n_done_.load(std::memory_order_acquire);
    if (seen != n) n_done_.wait(seen, std::memory_order_acquire);
  }
  if (failed_.exchange(false, std::memory_order_relaxed)) std::rethrow_exception(std::exchange(failure_, nullptr));
}

std::int64_t ThreadPool::take(Part& part, bool from_end) {
  std::uint64_t word = part.word.load(std::memory_order_acquire);
  for (;;) {
    if (next_of(word) >= end_of(word)) return -1;
    const std::uint64_t rest = from_end ? word - 1 : word + (std::uint64_t{1} << kFieldBits);
    if (part.word.compare_exchange_weak(word, rest, std::memory_order_acq_rel, std::memory_order_acquire)) {
      return from_end ? end_of(word) - 1 : next_of(word);
    }
  }
}

bool ThreadPool::take_and_run_share(int thread) {
  std::int64_t share = take(parts_[static_cast<std::size_t>(thread)], /*from_end=*/false);
  for (int i = 1; share < 0 && i < n_threads(); ++i) {
    share = take(parts_[static_cast<std::size_t>((thread + i) % n_threads())], /*from_end=*/true);
  }
  if (share < 0) return false;
  const std::int32_t n = n_shares_.load(std::memory_order_relaxed);
  try {
    fn_.load(std::memory_order_relaxed)(context_.load(std::memory_order_relaxed), share, thread);
  } catch (...) {
    if (!failed_.exchange(true, std::memory_order_relaxed)) failure_ = std::current_exception();
  }
  // The last one wakes a parked caller. After this line the job may be gone.
  if (n_done_.fetch_add(1, std::memory_order_acq_rel) + 1 == n) n_done_.notify_all();
  return true;
}

void ThreadPool::work(int thread) {
  std::int32_t seen = 0;
  for (;;) {
    const bool awake = spin_until(
        [&] { return epoch_.load(std::memory_order_acquire) != seen || stopping_.load(std::memory_order_acquire); });
    if (!awake) epoch_.wait(seen, std::memory_order_acquire);
    if (stopping_.load(std::memory_order_acquire)) return;
    seen = epoch_.load(std::memory_order_acquire);
    while (take_and_run_share(thread)) {
    }
  }
}

int default_thread_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    const int n = CPU_COUNT(&set);
    if (n > 0) return n;
  }
  const unsigned n = std::thread::hardware_concurrency();
  return n > 0 ? static_cast<int>(n) : 1;
}

}  // namespace carat
