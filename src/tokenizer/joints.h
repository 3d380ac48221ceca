#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/flat_array.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Where a text may be cut without changing its BPE: between code points a and b that stand next to each other in no
/// piece a merge can make. No merge ever spans such a place, and merges on its two sides never see each other, so the
/// two sides encoded alone give the same ids. In Gemma's vocabulary that is nearly every place before a run of U+2581
/// (all but after '>', because of the piece ">▁</"), around newline and tab runs, between digits and between scripts:
/// words, found from the data instead of from a rule about the data.
///
/// A set of bits over a hash of the pair: a false "joined" costs a longer word, never a wrong id.
class Joints {
 public:
  /// Cuts everywhere: no merge makes anything.
  Joints() : bits_(std::vector<std::uint64_t>(1)), shift_(58) {}
  Joints(const PieceList& pieces, std::span<const TokenId> merge_results);

  /// Whether a merge might span the place between a and b.
  bool joined(char32_t a, char32_t b) const {
    const std::size_t bit = hash(a, b);
    return (bits_[bit / 64] >> (bit % 64) & 1) != 0;
  }
  std::size_t memory_bytes() const { return bits_.memory_bytes(); }

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.bits_);
  }
  /// Whether tables that were read can be used. Makes them ready.
  bool settle();

 private:
  std::size_t hash(char32_t a, char32_t b) const {
    return (std::uint64_t{a} << 21 | b) * 0x9E3779B97F4A7C15u >> shift_;
  }

  FlatArray<std::uint64_t> bits_;
  int shift_;
};

}  // namespace carat::tokenizer
