#include "runtime/machine_load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace carat::runtime {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); }

// CPU seconds used on this machine by anyone but this process.
double others_seconds() {
  std::ifstream stat("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal)) return 0;
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  const double all = (user + nice + system + irq + softirq + steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return all - seconds(own.ru_utime) - seconds(own.ru_stime);
}

}  // namespace

OthersWatch::OthersWatch() : start_(now()), others_(others_seconds()) {}

double OthersWatch::seconds() const { return now() - start_; }

double OthersWatch::share() const {
  const double capacity = seconds() * static_cast<double>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  return capacity > 0 ? std::clamp((others_seconds() - others_) / capacity, 0.0, 1.0) : 0;
}

void wait_until_quiet(double max_seconds) {
  const double start = now();
  while (now() - start < max_seconds) {
    const OthersWatch watch;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (watch.share() < 0.03) return;
  }
}

std::int64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

}  // namespace carat::runtime
