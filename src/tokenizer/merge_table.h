#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/flat_array.h"
#include "base/result.h"
#include "tokenizer/piece_index.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Which adjacent pieces BPE may join, in which order, and what they become.
///
/// A pair is one 64-bit word: 20 bits left id, 20 bits right id, 22 bits index; a quarter of a million pieces with half
/// a million merges take 8 MB of pairs and 2 MB of results (kMaxPieces and kMaxMerges are what the bits hold).
class MergeTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// No merges.
  MergeTable() : MergeTable(0) {}

  /// By rank: merges[i] has priority i. Merges that would make a control, byte or unused piece are left out, so that no
  /// text can become one. Errors: kCorrupt naming a merge of an unknown id, one whose joined text is no piece, one that
  /// is there twice.
  static Result<MergeTable> from_ranks(const Vocabulary& vocabulary, const PieceIndex& index);
  /// By score (Gemma 3's GGUF files): every pair whose joined text is a normal piece may merge, the highest score of
  /// the joined piece first, equal scores alike.
  static MergeTable from_scores(const Vocabulary& vocabulary, const PieceIndex& index);

  /// The index of the merge of this pair, or kNone.
  std::uint32_t find(TokenId left, TokenId right) const {
    const std::uint64_t key = pack(left, right);
    const std::uint64_t* slots = slots_.data();
    for (std::size_t i = slot_of(key);; i = (i + 1) & mask_) {
      if (slots[i] >> kIndexBits == key) return static_cast<std::uint32_t>(slots[i] & kIndexMask);
      if (slots[i] == kEmpty) return kNone;
    }
  }
  /// Lower merges first. REQUIRES: index is one that find() gave.
  std::uint32_t priority(std::uint32_t index) const { return priorities_.empty() ? index : priorities_[index]; }
  TokenId result(std::uint32_t index) const { return results_[index]; }

  /// What the merges can make; may hold ids twice. -1 = a merge that was left out.
  std::span<const TokenId> results() const { return results_.span(); }
  std::size_t memory_bytes() const;

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.slots_);
    tables.add(self.results_);
    tables.add(self.priorities_);
  }
  /// Whether tables that were read can be used, for a vocabulary of so many pieces: ids and indices that are there, and
  /// an end to every search. Makes them ready.
  bool settle(std::size_t n_pieces);

 private:
  static constexpr int kIdBits = 20, kIndexBits = 22;
  static constexpr std::uint64_t kIndexMask = (std::uint64_t{1} << kIndexBits) - 1;
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static_assert(kMaxPieces <= std::size_t{1} << kIdBits && kMaxMerges < std::size_t{1} << kIndexBits);

  explicit MergeTable(std::size_t n_pairs);

  static std::uint64_t pack(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(left) << kIdBits | static_cast<std::uint64_t>(right);
  }
  std::size_t slot_of(std::uint64_t key) const { return key * 0x9E3779B97F4A7C15u >> shift_; }
  /// False when the pair is there already.
  bool insert(TokenId left, TokenId right, std::uint32_t index);

  FlatArray<std::uint64_t> slots_;  // key << kIndexBits | index
  std::size_t mask_;
  int shift_;
  FlatArray<TokenId> results_;           // of index
  FlatArray<std::uint32_t> priorities_;  // of index; empty = the index itself
};

}  // namespace carat::tokenizer
