#include "base/rng.h"

namespace carat {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;  // the Weyl sequences of the paper
    key[1] += 0xBB67AE85;
  }
  return counter;
}

double uniform_at(std::uint64_t seed, std::uint32_t choice, std::uint64_t position) {
  const auto lo32 = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto hi32 = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const auto r = philox4x32({lo32(position), hi32(position), choice, 0}, {lo32(seed), hi32(seed)});
  const std::uint64_t bits = (std::uint64_t{r[1]} << 32) | r[0];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace carat
