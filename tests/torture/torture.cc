#include "torture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "failing_calls.h"

namespace carat::torture {
namespace {

constexpr std::size_t kShallow = 40;

bool is_full() {
  const char* wish = std::getenv("CARAT_TORTURE");
  return wish != nullptr && std::string_view(wish) == "full";
}

/// Calls 1 to n, or forty of them: always the first and the last.
std::vector<std::int64_t> chosen_calls(std::int64_t n) {
  std::vector<std::int64_t> calls(static_cast<std::size_t>(n));
  std::iota(calls.begin(), calls.end(), 1);
  if (is_full() || calls.size() <= kShallow) return calls;
  const char* seed = std::getenv("CARAT_TORTURE_SEED");
  std::shuffle(calls.begin() + 1, calls.end() - 1,
               std::mt19937(seed == nullptr ? 1U : std::strtoul(seed, nullptr, 10)));
  std::swap(calls[1], calls.back());
  calls.resize(kShallow);
  return calls;
}

bool is_clean(const Error& error) {
  return error.code() == ErrorCode::kOutOfMemory || error.to_string().find("cannot start thread") != std::string::npos;
}

/// Holds no memory, so that what the run holds can be looked at while it is there.
struct Outcome {
  bool failed = false;
  bool fine = false;
  std::array<char, 400> what{};
};

Outcome tortured_run(const Case& work, std::int64_t k, Failing failing, const std::string& expected) {
  Outcome outcome;
  std::string what;
  arm(k, failing);
  try {
    const auto result = work.run();
    disarm();
    outcome.failed = !result.has_value();
    outcome.fine = result ? work.may_do_without && *result == expected : is_clean(result.error());
    what = result ? "it says that it worked: " + *result : result.error().to_string();
  } catch (const std::exception& error) {
    disarm();
    what = std::string("an exception came out: ") + error.what();
  }
  what.copy(outcome.what.data(), outcome.what.size() - 1);
  return outcome;
}

}  // namespace

void torture(const Case& work) {
  // Twice, so that what libraries keep from their first use is there.
  for (int warm_up = 0; warm_up < 2; ++warm_up) {
    const auto first = work.run();
    ASSERT_TRUE(first) << work.name << ": " << first.error().to_string();
  }
  arm(0, Failing::kOne);
  const auto expected = work.run();
  const std::int64_t n_calls = disarm();
  ASSERT_TRUE(expected);
  ASSERT_GT(n_calls, 0) << work.name;
  const std::string state = work.state();

  std::size_t n_runs = 0, n_failed = 0;
  for (const Failing failing : {Failing::kOne, Failing::kAllFromThere}) {
    if (work.one_only && failing == Failing::kAllFromThere) continue;
    for (const std::int64_t k : chosen_calls(n_calls)) {
      const std::string where = work.name + ": call " + std::to_string(k) + " of " + std::to_string(n_calls) +
                                (failing == Failing::kOne ? "" : " and all after it");
      SCOPED_TRACE(where);
      if (std::getenv("CARAT_TORTURE_TRACE") != nullptr) std::fprintf(stderr, "%s\n", where.c_str());
      const Held before = held();
      const Outcome outcome = tortured_run(work, k, failing, *expected);
      const Held after = held();
      EXPECT_TRUE(outcome.fine) << outcome.what.data();
      ++n_runs;
      n_failed += outcome.failed ? 1 : 0;
      if (!work.may_keep_memory) {
        EXPECT_EQ(after.n_blocks, before.n_blocks) << "memory leaks";
      }
      EXPECT_EQ(after.mapped_bytes, before.mapped_bytes) << "mappings leak";
      EXPECT_EQ(after.n_descriptors, before.n_descriptors) << "file descriptors leak";
      EXPECT_EQ(work.state(), state);
      const auto again = work.run();
      ASSERT_TRUE(again) << "it does not work afterwards: " << again.error().to_string();
      EXPECT_EQ(*again, *expected);
      if (::testing::Test::HasFailure()) return;  // one place at a time
    }
  }
  std::printf("%s: %lld calls, %zu runs, %zu ended with an error\n", work.name.c_str(), static_cast<long long>(n_calls),
              n_runs, n_failed);
}

}  // namespace carat::torture
