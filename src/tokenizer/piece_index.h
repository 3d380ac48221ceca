#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/flat_array.h"
#include "base/hash.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Text of a piece -> its id: open addressing with linear probing, at most half full; 8 bytes a slot. A slot holds half
/// of the hash beside the id, so that a miss hardly ever touches the text.
///
/// Borrows the list: REQUIRES that it outlives the index and does not change.
class PieceIndex {
 public:
  explicit PieceIndex(const PieceList& pieces);
  /// Without slots: for each_table() to fill.
  struct Unfilled {};
  PieceIndex(const PieceList& pieces, Unfilled) : pieces_(&pieces) {}

  /// The lowest id with this text.
  std::optional<TokenId> find(std::string_view text) const { return find(text, hash(text)); }
  /// The id of left + right; `scratch` is overwritten.
  std::optional<TokenId> find_joined(std::string_view left, std::string_view right, std::string& scratch) const;
  /// The first id (in order of id) whose text a lower id has too.
  std::optional<TokenId> duplicate() const { return duplicate_; }

  std::size_t memory_bytes() const { return slots_.memory_bytes(); }

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.slots_);
  }
  /// Whether tables that were read can be used: ids of the list, and an end to every search.
  bool usable() const;

 private:
  struct Slot {
    std::uint32_t tag;
    TokenId id;  // -1 = empty
  };

  static std::uint64_t hash(std::string_view text) { return hash64(text); }
  std::optional<TokenId> find(std::string_view text, std::uint64_t h) const;

  const PieceList* pieces_;
  FlatArray<Slot> slots_;
  std::optional<TokenId> duplicate_;
};

}  // namespace carat::tokenizer
