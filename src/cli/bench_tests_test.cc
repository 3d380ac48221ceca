#include "cli/bench_tests.h"

#include <gtest/gtest.h>

namespace carat::cli {
namespace {

std::string names(const std::string& pp, const std::string& tg, std::int64_t n_sequences) {
  const auto tests = bench_tests(pp, tg, n_sequences, 10000);
  if (!tests) return std::string(tests.error().message());
  std::string all;
  for (const runtime::BenchTest& test : *tests) all += test.name() + " ";
  return all;
}

TEST(BenchTests, AreWhatTheListsSay) {
  EXPECT_EQ(names("512,8192", "64@0,32@4096,7", 1), "pp512 pp8192 tg64@0 tg32@4096 tg7@0 ");
  EXPECT_EQ(names("", "64@0,64@100,32@9", 8), "tg64@0 tg64@100 tg32@9 tg64x8@0 tg32x8@0 ");
  EXPECT_EQ(names("10000", "", 1), "pp10000 ");
}

TEST(BenchTests, WhatIsNoneIsNamed) {
  for (const std::string pp : {"x", "0", "-1", "5@3", "1,,2", "99999999999999999999", " 5", "5 "}) {
    EXPECT_NE(names(pp, "64", 1).find("--pp \""), std::string::npos) << pp;
  }
  for (const std::string tg : {"x", "0@5", "64@", "@5", "64@-1", "64@0@0", ","}) {
    EXPECT_NE(names("", tg, 1).find("--tg \""), std::string::npos) << tg;
  }
  EXPECT_EQ(names("", "", 1), "--pp and --tg are both empty: nothing to measure");
  EXPECT_NE(names("5", "", 8).find("--seqs"), std::string::npos);
  EXPECT_EQ(names("", "64@9937", 1), "tg64@9937 needs 10001 positions, the model's context is 10000");
  EXPECT_EQ(bench_tests("10001", "", 1, 10000).error().code(), ErrorCode::kLimit);
}

}  // namespace
}  // namespace carat::cli
