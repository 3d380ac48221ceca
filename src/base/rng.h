#pragma once

#include <array>
#include <cstdint>

namespace carat {

/// Philox4x32-10: 128 random bits that are a function of (counter, key) and nothing else, so noise can be looked up
/// in any order. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; their test vectors
/// are in rng_test.cc.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// Sampling noise: the uniform number in [0, 1), a multiple of 2^-53, that belongs to one position of one choice.
/// The same triple gives the same number whatever else is computed, in whatever order (design: batch-invariant).
double uniform_at(std::uint64_t seed, std::uint32_t choice, std::uint64_t position);

}  // namespace carat
