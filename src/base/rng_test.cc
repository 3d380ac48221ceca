#include "base/rng.h"

#include <gtest/gtest.h>

#include <set>

namespace carat {
namespace {

using Block = std::array<std::uint32_t, 4>;

TEST(Rng, PhiloxGivesThePublishedVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, UniformIsInTheUnitIntervalAndEven) {
  constexpr int kDraws = 100'000;
  std::array<int, 16> bins{};
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = uniform_at(7, 0, static_cast<std::uint64_t>(i));
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    ++bins[static_cast<std::size_t>(u * 16)];
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);                      // 5 sigma: 0.0046
  for (const int n : bins) EXPECT_NEAR(n, kDraws / 16, 390);  // 5 sigma: 383
}

TEST(Rng, EverySeedChoiceAndPositionHasItsOwnNumber) {
  std::set<double> seen;
  std::size_t n = 0;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32, ~0ull}) {
    for (const std::uint32_t choice : {0u, 1u, 7u}) {
      for (const std::uint64_t position : {0ull, 1ull, 2ull, 1ull << 32, (1ull << 32) + 1}) {
        seen.insert(uniform_at(seed, choice, position));
        ++n;
      }
    }
  }
  EXPECT_EQ(seen.size(), n);
}

}  // namespace
}  // namespace carat
