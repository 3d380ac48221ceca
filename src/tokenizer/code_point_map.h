#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/flat_array.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Code point -> id of the piece that is exactly this code point: a page table of 256 ids a page, so that Gemma's
/// 19,225 single code points take less than 1 MB and a look-up is two loads.
class CodePointMap {
 public:
  CodePointMap()  // page 0 is the empty page all others start as
      : pages_(std::vector<std::uint32_t>(kPages, 0)), ids_(std::vector<TokenId>(kPageSize, -1)) {}

  void set(char32_t value, TokenId id) {
    std::uint32_t& page = pages_.edit()[value / kPageSize];
    if (page == 0) {
      page = static_cast<std::uint32_t>(ids_.size() / kPageSize);
      ids_.edit().resize(ids_.size() + kPageSize, -1);
    }
    ids_.edit()[page * kPageSize + value % kPageSize] = id;
  }
  /// -1 = no such piece. REQUIRES: value <= 0x10FFFF.
  TokenId find(char32_t value) const { return ids_[pages_[value / kPageSize] * kPageSize + value % kPageSize]; }

  std::size_t memory_bytes() const { return pages_.memory_bytes() + ids_.memory_bytes(); }

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.pages_);
    tables.add(self.ids_);
  }
  /// Whether tables that were read can be used: pages that are there, ids below n_pieces.
  bool usable(std::size_t n_pieces) const {
    const auto page_there = [&](std::uint32_t page) { return page < ids_.size() / kPageSize; };
    const auto id_there = [&](TokenId id) { return id < 0 || static_cast<std::size_t>(id) < n_pieces; };
    return pages_.size() == kPages && std::all_of(pages_.span().begin(), pages_.span().end(), page_there) &&
           std::all_of(ids_.span().begin(), ids_.span().end(), id_there);
  }

 private:
  static constexpr std::size_t kPageSize = 256, kPages = 0x110000 / kPageSize;
  FlatArray<std::uint32_t> pages_;
  FlatArray<TokenId> ids_;
};

}  // namespace carat::tokenizer
