#pragma once

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

/// The time, what others take of the machine, and how fast it reads: what a figure has to be seen beside.

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "peer_bench: %s\n", what.c_str());
  std::exit(1);
}

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// CPU seconds of everybody but this process, what the host took included.
inline double others_seconds() {
  std::ifstream stat("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  const auto seconds = [](const timeval& t) { return t.tv_sec + 1e-6 * t.tv_usec; };
  return (user + nice + system + irq + softirq + steal) / sysconf(_SC_CLK_TCK) - seconds(own.ru_utime) -
         seconds(own.ru_stime);
}

/// Reads 256 MiB of huge pages, a part and four streams a thread, after a pass that is not timed.
class ReadProbe {
 public:
  ReadProbe() {
    void* raw = mmap(nullptr, kBytes + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) fail("no memory for the probe");
    const auto at = (reinterpret_cast<std::uintptr_t>(raw) + kHuge - 1) & ~(kHuge - 1);
    data_ = reinterpret_cast<std::uint64_t*>(at);
    madvise(data_, kBytes, MADV_HUGEPAGE);
    std::memset(data_, 1, kBytes);
  }
  double gb_per_s(int threads) const {
    pass(threads);
    const double start = now();
    pass(threads);
    return kBytes / (now() - start) / 1e9;
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{256} << 20, kHuge = std::size_t{2} << 20;
  static constexpr std::size_t kStreams = 4;

  void pass(int threads) const {
    std::vector<std::thread> workers;
    const std::size_t n = kBytes / 8 / threads / kStreams;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([this, n, t] {
        const std::uint64_t* p = data_ + n * kStreams * t;
        std::uint64_t sums[kStreams][8] = {};
        for (std::size_t i = 0; i + 8 <= n; i += 8) {
          for (std::size_t s = 0; s < kStreams; ++s) {
            for (std::size_t k = 0; k < 8; ++k) sums[s][k] ^= p[s * n + i + k];
          }
        }
        volatile std::uint64_t sink = sums[0][0] ^ sums[1][1] ^ sums[2][2] ^ sums[3][3] ^ sums[0][7];
        (void)sink;
      });
    }
    for (std::thread& worker : workers) worker.join();
  }

  std::uint64_t* data_ = nullptr;
};
