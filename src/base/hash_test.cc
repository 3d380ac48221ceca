#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace carat {
namespace {

// Values of the xxhsum program (-H3, -H2) for the same bytes: they are on disk.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(hash128({}).hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, OfPiecesIsOfTheWhole) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 7);
  const Hash128 whole = hash128(std::as_bytes(std::span(text)));
  for (const std::size_t cut : {0, 1, 240, 1024, 4999, 5000}) {
    Hasher128 hasher;
    hasher.add(std::string_view(text).substr(0, cut)).add(std::string_view(text).substr(cut));
    EXPECT_EQ(hasher.hash(), whole) << cut;
  }
  text[2500] ^= 1;
  EXPECT_NE(hash128(std::as_bytes(std::span(text))), whole);
}

}  // namespace
}  // namespace carat
