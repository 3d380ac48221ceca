#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/flat_array.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Finds given strings in text: leftmost first, the longest of those that start there. A space in the text is U+2581
/// for the strings, as it is for BPE (Gemma 3's GGUF files have runs of U+2581 among these strings).
/// One step of a trie per byte of text that could begin a string, at most kMaxPieceBytes steps a place.
class LiteralMatcher {
 public:
  struct Match {
    std::size_t begin = 0;
    std::size_t length = 0;  ///< of text; 0 = nothing found
    TokenId id = -1;
  };

  LiteralMatcher();
  /// REQUIRES: text is not empty and holds no U+0020.
  void add(std::string_view text, TokenId id);
  bool empty() const { return nodes_.size() == 1; }
  /// The first match at or behind `from`.
  Match find(std::string_view text, std::size_t from) const;

  std::size_t memory_bytes() const { return nodes_.memory_bytes() + first_.memory_bytes(); }

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.nodes_);
    tables.add(self.first_);
  }
  /// Whether tables that were read can be used: ids below n_pieces, and an end to every walk.
  bool usable(std::size_t n_pieces) const;

 private:
  struct Node {
    TokenId id = -1;            // of the string that ends here
    std::uint32_t child = 0;    // first child, 0 = none
    std::uint32_t sibling = 0;  // next child of the same parent, 0 = none
    std::uint32_t byte = 0;
  };

  std::uint32_t step(std::uint32_t node, unsigned char byte) const;
  Match match_at(std::string_view text, std::size_t begin) const;

  FlatArray<Node> nodes_;
  FlatArray<std::uint8_t> first_;  // bytes of text that can begin a match: 256 times 0 or 1
};

}  // namespace carat::tokenizer
