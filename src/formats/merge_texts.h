#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tokenizer/piece_index.h"
#include "tokenizer/vocabulary.h"

namespace carat::formats {

/// Turns merges as files write them (texts of two pieces) into ids; rank = order of add().
class MergeTexts {
 public:
  /// `where` names the file in messages. Borrows the list.
  MergeTexts(const tokenizer::PieceList& pieces, std::string_view where) : index_(pieces), where_(where) {}

  void reserve(std::size_t n) { merges_.reserve(n); }
  /// "left right", separated by the one U+0020 it holds (pieces have U+2581 instead, but may be newlines).
  Result<void> add(std::string_view text);
  /// Errors: kCorrupt naming merge and piece when a piece is not in the vocabulary.
  Result<void> add(std::string_view left, std::string_view right);

  std::vector<std::pair<tokenizer::TokenId, tokenizer::TokenId>> take() && { return std::move(merges_); }

 private:
  tokenizer::PieceIndex index_;
  std::string_view where_;
  std::vector<std::pair<tokenizer::TokenId, tokenizer::TokenId>> merges_;
};

/// The piece with every U+0020 as U+2581: llama.cpp's converter writes the user-defined runs of spaces as spaces, and a
/// tokenizer.json may have added tokens with spaces; text is matched with U+2581 for a space everywhere.
std::string with_space_symbols(std::string_view piece);

}  // namespace carat::formats
