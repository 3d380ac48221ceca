#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/flat_array.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Finds given strings in text: leftmost first, the longest of those that start there. A space in the text is U+2581
/// for the strings, as it is for BPE (Gemma 3's GGUF files have runs of U+2581 among these strings).
///
/// Linear in the text whatever the strings are. An automaton (Aho and Corasick, 1975) of the strings read backwards
/// runs over the text from its end, so that at each place it knows the longest string that starts there; a search from
/// the front would look ahead for long strings again and again.
class LiteralMatcher {
 public:
  struct Match {
    std::size_t begin = 0;
    std::size_t length = 0;  ///< of text
    TokenId id = -1;
  };
  using Strings = std::vector<std::pair<std::string_view, TokenId>>;

  /// Finds nothing.
  LiteralMatcher();
  /// REQUIRES: no string is empty or holds U+0020, all are UTF-8 and different, and together they hold at most
  /// kMaxLiteralBytes.
  explicit LiteralMatcher(const Strings& strings);
  bool empty() const { return nodes_.size() == 1; }

  std::size_t memory_bytes() const { return nodes_.memory_bytes() + edges_.memory_bytes() + last_.memory_bytes(); }

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.nodes_);
    tables.add(self.edges_);
    tables.add(self.last_);
  }
  /// Whether tables that were read can be used: ids below n_pieces, and an end to every walk.
  bool usable(std::size_t n_pieces) const;

 private:
  friend class LiteralSearch;

  /// The end of a string's beginning, counted from the string's end. Numbered by depth, the root is 0.
  struct Node {
    std::uint32_t fail = 0;    // of what was read, the longest end that is a node too; less than this node
    std::uint32_t length = 0;  // of the longest string that starts here, 0 = none does
    TokenId id = -1;           // its id
  };
  static constexpr std::uint64_t kNoEdge = ~std::uint64_t{0};
  static constexpr int kNodeBits = 28;  // an edge is node, byte, child: 28 + 8 + 28 bits

  /// The child of a node, 0 = none.
  std::uint32_t child(std::uint32_t node, unsigned char byte) const;
  /// The node for what was read and this byte in front of it.
  std::uint32_t step(std::uint32_t node, unsigned char byte) const;
  void add_edge(std::uint32_t node, unsigned char byte, std::uint32_t to);
  std::size_t slot_of(std::uint64_t key) const;

  FlatArray<Node> nodes_;
  FlatArray<std::uint64_t> edges_;  // open addressing, at most half full
  FlatArray<std::uint8_t> last_;    // bytes of text that can end a string: 256 times 0 or 1
};

/// The matches in a text, one after the other, none reaching into the next.
///
///     LiteralSearch search(matcher, text);
///     for (LiteralMatcher::Match match; search.next(match);) ...
class LiteralSearch {
 public:
  /// Both must outlive the search.
  LiteralSearch(const LiteralMatcher& matcher, std::string_view text) : matcher_(matcher), text_(text) {}
  bool next(LiteralMatcher::Match& match);

 private:
  struct Start {
    std::size_t at;
    std::uint32_t node;
  };
  /// Finds all places of the next block of text where a string starts.
  void look();
  std::size_t text_length(std::size_t begin, std::size_t length) const;

  const LiteralMatcher& matcher_;
  std::string_view text_;
  std::vector<Start> starts_;  // those not given yet, the last one first
  std::size_t looked_ = 0;     // everything in front of it
  std::size_t free_ = 0;       // the end of the last match
};

}  // namespace carat::tokenizer
