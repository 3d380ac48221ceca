#include "tokenizer/vocabulary_check.h"

#include <cmath>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/control_tokens.h"
#include "tokenizer/describe.h"

namespace carat::tokenizer {
namespace {

std::string byte_text(unsigned value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  return {'<', '0', 'x', kHex[value >> 4], kHex[value & 15], '>'};
}

Result<void> check_pieces(const PieceList& pieces) {
  if (pieces.empty()) return corrupt("tokenizer: the vocabulary holds no pieces; expected at least the 256 bytes");
  if (pieces.size() > kMaxPieces) {
    return limit_exceeded("tokenizer: the vocabulary has " + std::to_string(pieces.size()) + " pieces; at most " +
                          std::to_string(kMaxPieces) + " are read");
  }
  if (pieces.n_bytes() > kMaxVocabularyBytes) {
    return limit_exceeded("tokenizer: the pieces take " + std::to_string(pieces.n_bytes()) + " bytes; at most " +
                          std::to_string(kMaxVocabularyBytes) + " are read");
  }
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::string_view piece = pieces[id];
    if (piece.empty()) return corrupt("tokenizer: piece " + std::to_string(id) + " is empty");
    if (piece.size() > kMaxPieceBytes) {
      return limit_exceeded("tokenizer: piece " + std::to_string(id) + " has " + std::to_string(piece.size()) +
                            " bytes; at most " + std::to_string(kMaxPieceBytes) + " are read");
    }
    if (!is_valid_utf8(piece)) {
      return corrupt("tokenizer: piece " + std::to_string(id) + " " + quoted(piece) + " is not UTF-8");
    }
  }
  return {};
}

}  // namespace

bool PieceList::usable() const {
  std::uint32_t begin = 0;
  for (const std::uint32_t end : ends_.span()) {
    if (end <= begin) return false;
    begin = end;
  }
  return begin > 0 && begin == bytes_.size();
}

Result<void> check_shape(const Vocabulary& vocabulary) {
  RETURN_IF_ERROR(check_pieces(vocabulary.pieces));
  const std::size_t n = vocabulary.pieces.size();
  const auto wrong_length = [&](const char* what, std::size_t length) {
    return corrupt("tokenizer: " + std::to_string(length) + " " + what + " for " + std::to_string(n) + " pieces");
  };
  if (!vocabulary.types.empty() && vocabulary.types.size() != n) return wrong_length("types", vocabulary.types.size());
  if (vocabulary.merges.size() > kMaxMerges) {
    return limit_exceeded("tokenizer: " + std::to_string(vocabulary.merges.size()) + " merges; at most " +
                          std::to_string(kMaxMerges) + " are read");
  }
  if (vocabulary.merges.empty() && !vocabulary.scores.empty()) {
    if (vocabulary.scores.size() != n) return wrong_length("scores", vocabulary.scores.size());
    for (std::size_t id = 0; id < n; ++id) {
      if (std::isnan(vocabulary.scores[id])) {
        return corrupt("tokenizer: the score of piece " + std::to_string(id) + " is not a number");
      }
    }
  }
  for (const auto& [name, id] :
       {std::pair{"bos", vocabulary.bos}, {"eos", vocabulary.eos}, {"unk", vocabulary.unk}, {"pad", vocabulary.pad}}) {
    if (id < -1 || (id >= 0 && static_cast<std::size_t>(id) >= n)) {
      return corrupt(std::string("tokenizer: the ") + name + " id " + std::to_string(id) + " is no id of " +
                     std::to_string(n) + " pieces");
    }
  }
  return {};
}

Result<ByteIds> settle_types(Vocabulary& vocabulary, const PieceIndex& index) {
  if (const auto id = index.duplicate()) {
    const std::string_view text = vocabulary.pieces[static_cast<std::size_t>(*id)];
    return corrupt("tokenizer: pieces " + std::to_string(*index.find(text)) + " and " + std::to_string(*id) +
                   " are both " + quoted(text) + "; expected every piece once");
  }
  vocabulary.types.resize(vocabulary.pieces.size(), PieceType::kNormal);

  for (std::size_t id = 0; id < vocabulary.types.size(); ++id) {
    if (vocabulary.types[id] == PieceType::kByte) vocabulary.types[id] = PieceType::kUnused;  // unless its text agrees
  }
  ByteIds bytes{};
  for (unsigned value = 0; value < bytes.size(); ++value) {
    const auto id = index.find(byte_text(value));
    if (!id) {
      return corrupt("tokenizer: the vocabulary has no piece " + quoted(byte_text(value)) +
                     "; expected one for each of the 256 bytes");
    }
    bytes[value] = *id;
    vocabulary.types[static_cast<std::size_t>(*id)] = PieceType::kByte;
  }
  for (const std::string_view text : control::kAll) {
    if (const auto id = index.find(text)) vocabulary.types[static_cast<std::size_t>(*id)] = PieceType::kControl;
  }
  std::size_t literal_bytes = 0;
  for (std::size_t id = 0; id < vocabulary.types.size(); ++id) {
    const PieceType type = vocabulary.types[id];
    if (type == PieceType::kControl || type == PieceType::kAdded) literal_bytes += vocabulary.pieces[id].size();
  }
  if (literal_bytes > kMaxLiteralBytes) {
    return limit_exceeded("tokenizer: control and added pieces take " + std::to_string(literal_bytes) +
                          " bytes; at most " + std::to_string(kMaxLiteralBytes) + " are read");
  }
  return bytes;
}

}  // namespace carat::tokenizer
