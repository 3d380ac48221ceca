// What runs a target where there is no libFuzzer: replays files, then tries mutations of them. Deterministic.
//
//     fuzz_gguf [--runs N] [--seed S] [--max-bytes N] [--dictionary FILE] FILE-OR-FOLDER...
//
// An input that ends the process (also by taking more than ten seconds of the processor, or 768 MiB) is left in
// ./crash-NAME.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fuzz/mutate.h"
#include "fuzz/target.h"

namespace carat::fuzz {
namespace {

constexpr time_t kSecondsPerInput = 10;  // of the processor: CI machines are shared
constexpr long kMaxKilobytes = 768 * 1024;

// For the signal handler, which has nothing else to go by.
struct Current {
  std::string crash_file;
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};
Current current;

extern "C" void save_input(int signal) {
  const int fd = ::open(current.crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd >= 0) {
    (void)!::write(fd, current.data, current.size);
    ::close(fd);
  }
  const char* what = signal == SIGPROF ? "\nfuzz: an input took too long; it is in " : "\nfuzz: the input is in ";
  (void)!::write(2, what, std::strlen(what));
  (void)!::write(2, current.crash_file.data(), current.crash_file.size());
  (void)!::write(2, "\n", 1);
  std::signal(signal, SIG_DFL);
  std::raise(signal == SIGPROF ? SIGKILL : signal);
}

void run_one(const std::vector<std::uint8_t>& input) {
  // A block of exactly this size, so that sanitizers see a read behind its end.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  current.data = exact.data();
  current.size = exact.size();
  const itimerval limit = {{0, 0}, {kSecondsPerInput, 0}}, none = {};
  ::setitimer(ITIMER_PROF, &limit, nullptr);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  ::setitimer(ITIMER_PROF, &none, nullptr);
#ifndef __SANITIZE_ADDRESS__  // its shadow and quarantine count too
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss > kMaxKilobytes) {
    std::fprintf(stderr, "fuzz: an input took more than %ld KB\n", kMaxKilobytes);
    std::abort();
  }
#endif
}

std::vector<std::uint8_t> read_input(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::vector<std::uint8_t>> read_corpus(const std::vector<std::string>& arguments) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& argument : arguments) {
    if (!std::filesystem::is_directory(argument)) {
      paths.emplace_back(argument);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::vector<std::uint8_t>> corpus;
  for (const auto& path : paths) {
    if (!std::filesystem::exists(path)) {
      std::fprintf(stderr, "fuzz: %s is not there\n", path.c_str());
      std::exit(2);
    }
    corpus.push_back(read_input(path));
  }
  return corpus;
}

int run(int argc, char** argv) {
  std::uint64_t n_runs = 0, seed = 1, max_bytes = 4096;
  std::string dictionary;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!argument.starts_with("--")) {
      paths.push_back(argument);
    } else if (i + 1 == argc) {
      std::fprintf(stderr, "fuzz: %s needs a value\n", argument.c_str());
      return 2;
    } else if (argument == "--runs") {
      n_runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--seed") {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--max-bytes") {
      max_bytes = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--dictionary") {
      dictionary = argv[++i];
    } else {
      std::fprintf(stderr, "fuzz: there is no option %s\n", argument.c_str());
      return 2;
    }
  }
  current.crash_file = "crash-" + std::filesystem::path(argv[0]).filename().string();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF}) std::signal(signal, save_input);

  const auto corpus = read_corpus(paths);
  if (corpus.empty()) {
    std::fprintf(stderr, "fuzz: no inputs; name files or folders\n");
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& input : corpus) run_one(input);
  Mutator mutator(seed, max_bytes, dictionary.empty() ? Words() : read_dictionary(dictionary));
  for (std::uint64_t i = 0; i < n_runs; ++i) run_one(mutator.mutated(corpus));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%zu inputs replayed, %llu mutations of them tried (seed %llu) in %.1f s\n", corpus.size(),
              static_cast<unsigned long long>(n_runs), static_cast<unsigned long long>(seed), seconds.count());
  return 0;
}

}  // namespace
}  // namespace carat::fuzz

int main(int argc, char** argv) { return carat::fuzz::run(argc, argv); }
