#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace carat {

/// Fork and join over numbered shares; the caller is one of the threads.
///
///     ThreadPool pool(2);
///     pool.run(n_shares, [&](std::int64_t share, int thread) { ... });   // every share once, returns when all are
///     done
///
/// run() is called by one thread at a time; shares must not call run(). Each thread walks its own part of the shares
/// in ascending order, so neighbouring shares make one stream of memory; one that is done early takes shares from the
/// end of another's part. Which thread takes which share is therefore not determined, and a share's result may depend
/// on its number only (`thread` picks scratch memory, nothing else). Waiting threads spin for some microseconds and
/// then sleep, so an idle pool costs nothing. What a share throws, run() throws once all shares are done (of several
/// exceptions one).
class ThreadPool {
 public:
  static constexpr std::int64_t kMaxShares = (std::int64_t{1} << 20) - 1;

  /// n_threads >= 1, the caller included. Throws std::system_error when the system starts no more threads.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return static_cast<int>(workers_.size()) + 1; }

  template <typename F>
  void run(std::int64_t n_shares, F&& share_fn) {
    using Fn = std::remove_reference_t<F>;
    run_erased(
        n_shares, [](void* context, std::int64_t share, int thread) { (*static_cast<Fn*>(context))(share, thread); },
        const_cast<void*>(static_cast<const void*>(std::addressof(share_fn))));
  }

 private:
  using ShareFn = void (*)(void* context, std::int64_t share, int thread);

  // Shares [next, end) of one thread that nobody has taken: (generation : 24, next : 20, end : 20). Its owner takes the
  // first one, helpers the last one, both by compare-and-swap on the whole word. A line each: they are written often.
  struct alignas(64) Part {
    std::atomic<std::uint64_t> word{0};
  };

  void run_erased(std::int64_t n_shares, ShareFn fn, void* context);
  bool take_and_run_share(int thread);
  /// The share taken from `part`, or -1.
  static std::int64_t take(Part& part, bool from_end);
  void work(int thread);
  void stop();

  std::unique_ptr<Part[]> parts_;  // one a thread
  std::uint64_t generation_ = 0;
  // Of the current job. Read after a share of it is taken: until that share is done the job is, and these stay.
  std::atomic<ShareFn> fn_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<std::int32_t> n_shares_{0};
  std::atomic<std::int32_t> n_done_{0};
  std::atomic<bool> failed_{false};  // whoever sets it first keeps its exception
  std::exception_ptr failure_;
  std::atomic<std::int32_t> epoch_{0};  // changes with every job: what parked workers wait on
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
};

/// Threads worth using here: the processors this process may run on.
int default_thread_count();

}  // namespace carat
