#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Code point -> id of the piece that is exactly this code point: a page table of 256 ids a page, so that Gemma's
/// 19,225 single code points take less than 1 MB and a look-up is two loads.
class CodePointMap {
 public:
  CodePointMap() : pages_(kPages, 0), ids_(kPageSize, -1) {}  // page 0 is the empty page all others start as

  void set(char32_t value, TokenId id) {
    std::uint32_t& page = pages_[value / kPageSize];
    if (page == 0) {
      page = static_cast<std::uint32_t>(ids_.size() / kPageSize);
      ids_.resize(ids_.size() + kPageSize, -1);
    }
    ids_[page * kPageSize + value % kPageSize] = id;
  }
  /// -1 = no such piece. REQUIRES: value <= 0x10FFFF.
  TokenId find(char32_t value) const { return ids_[pages_[value / kPageSize] * kPageSize + value % kPageSize]; }

  std::size_t memory_bytes() const { return pages_.capacity() * sizeof(pages_[0]) + ids_.capacity() * sizeof(ids_[0]); }

 private:
  static constexpr std::size_t kPageSize = 256, kPages = 0x110000 / kPageSize;
  std::vector<std::uint32_t> pages_;
  std::vector<TokenId> ids_;
};

}  // namespace carat::tokenizer
