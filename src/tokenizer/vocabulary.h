#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/flat_array.h"

namespace carat::tokenizer {

using TokenId = std::int32_t;

/// What a file says a piece is for. Tokenizer::create corrects two cases by the piece's text: the strings of
/// control_tokens.h are control and `<0x41>` is a byte, whatever the file calls them.
enum class PieceType : std::uint8_t {
  kNormal,   ///< made by BPE
  kControl,  ///< matched in text only where control strings may be (a template's own text, --special)
  kAdded,    ///< matched in any text before BPE (Gemma 3's HTML tags); GGUF calls it user-defined
  kByte,     ///< `<0x00>` … `<0xFF>`, for code points without a piece
  kUnused,   ///< never produced
};

/// The texts of a vocabulary behind each other in one string: a quarter of the memory of a vector of strings, and one
/// allocation instead of a quarter of a million.
class PieceList {
 public:
  void reserve(std::size_t n_pieces, std::size_t n_bytes) {
    ends_.edit().reserve(n_pieces);
    bytes_.edit().reserve(n_bytes);
  }
  /// REQUIRES: n_bytes() + piece.size() < 2^32 (readers keep the limits below, which are far smaller).
  void push_back(std::string_view piece) {
    CARAT_CHECK(bytes_.size() + piece.size() <= 0xFFFFFFFFu);
    bytes_.edit().insert(bytes_.edit().end(), piece.begin(), piece.end());
    ends_.edit().push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  std::size_t n_bytes() const { return bytes_.size(); }
  /// REQUIRES: i < size().
  std::string_view operator[](std::size_t i) const {
    const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, ends_[i] - begin};
  }
  std::size_t memory_bytes() const { return bytes_.memory_bytes() + ends_.memory_bytes(); }

  /// Lists the tables for saved_tables.h.
  template <typename Self, typename Tables>
  static void each_table(Self& self, Tables& tables) {
    tables.add(self.bytes_);
    tables.add(self.ends_);
  }
  /// Whether tables that were read can be used: every piece lies inside the bytes.
  bool usable() const;

 private:
  FlatArray<char> bytes_;
  FlatArray<std::uint32_t> ends_;
};

/// Limits of every vocabulary, whatever file it comes from.
inline constexpr std::size_t kMaxPieces = 1'048'576;
inline constexpr std::size_t kMaxPieceBytes = 1'024;
inline constexpr std::size_t kMaxVocabularyBytes = 64u << 20;
inline constexpr std::size_t kMaxMerges = 4'000'000;
inline constexpr std::size_t kMaxLiteralBytes = 1u << 20;  ///< of control and added pieces together; Gemma's: 80 KB

/// A vocabulary as plain data, whatever file it came from; formats fill it, Tokenizer::create checks and indexes it.
struct Vocabulary {
  PieceList pieces;              ///< text of id i: UTF-8, U+2581 for a space; may hold U+FEFF and NUL
  std::vector<PieceType> types;  ///< of id i; empty = all normal
  std::vector<std::pair<TokenId, TokenId>> merges;  ///< rank = index; empty when the file has scores only
  std::vector<float> scores;                        ///< used only when merges are empty (Gemma 3 GGUF files)
  TokenId bos = -1, eos = -1, unk = -1, pad = -1;   ///< -1 = the file names none
};

}  // namespace carat::tokenizer
