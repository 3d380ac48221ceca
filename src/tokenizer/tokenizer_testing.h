#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/piece_index.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer::testing {

inline constexpr TokenId kFirstPiece = 256;  ///< of tiny_vocabulary: ids below are the bytes

/// The 256 byte pieces (id = byte), then the given ones, all normal.
inline Vocabulary tiny_vocabulary(const std::vector<std::string>& pieces) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  Vocabulary vocabulary;
  for (unsigned value = 0; value < 256; ++value) {
    vocabulary.pieces.push_back(std::string{'<', '0', 'x', kHex[value >> 4], kHex[value & 15], '>'});
  }
  for (const std::string& piece : pieces) vocabulary.pieces.push_back(piece);
  vocabulary.types.assign(vocabulary.pieces.size(), PieceType::kNormal);
  return vocabulary;
}

inline TokenId id_of(const Vocabulary& vocabulary, std::string_view piece) {
  return PieceIndex(vocabulary.pieces).find(piece).value_or(-1);
}

/// Appends merges given as texts; their pieces must be there.
inline void add_merges(Vocabulary& vocabulary, const std::vector<std::pair<std::string, std::string>>& merges) {
  for (const auto& [left, right] : merges) {
    vocabulary.merges.emplace_back(id_of(vocabulary, left), id_of(vocabulary, right));
  }
}

inline void set_type(Vocabulary& vocabulary, std::string_view piece, PieceType type) {
  vocabulary.types[static_cast<std::size_t>(id_of(vocabulary, piece))] = type;
}

/// The pieces of ids, for readable comparisons.
inline std::vector<std::string> texts(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::vector<std::string> out;
  for (const TokenId id : ids) out.emplace_back(tokenizer.piece(id));
  return out;
}

}  // namespace carat::tokenizer::testing
