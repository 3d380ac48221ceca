#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Text to ids and back, byte for byte as the reference BPE (spec/tokenizer-and-chat.md 1).
///
///     ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::create(std::move(vocabulary)));
///     std::vector<TokenId> ids = tokenizer.encode("Hello world!");      // 9259 1902 236888 with Gemma's vocabulary
///     std::string text = tokenizer.decode(ids);
///
/// Const after construction: any thread may encode and decode. Ids become text as they arrive with a Detokenizer.
class Tokenizer {
 public:
  /// Errors: kCorrupt or kLimit naming what is wrong with the vocabulary (no byte pieces, a piece twice, merges of
  /// unknown pieces, ...).
  static Result<Tokenizer> create(Vocabulary vocabulary);

  /// All tables that create() made, as bytes from which from_tables() makes the same tokenizer without making them
  /// again.
  std::vector<std::byte> save_tables() const;
  /// Looks at the tables where they lie; `owner` keeps them there. REQUIRES: tables lie at a multiple of 8.
  /// Errors: kCorrupt when they are no such tables, or of another version; whatever the bytes are, nothing but wrong
  /// ids can come of them.
  static Result<Tokenizer> from_tables(std::span<const std::byte> tables, std::shared_ptr<const void> owner);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Plain text: added tokens that are not control strings match (Gemma 3's HTML tags), control strings never do.
  /// No <bos> is added. Any bytes: what is no UTF-8 becomes byte pieces.
  std::vector<TokenId> encode(std::string_view text) const;
  /// The same with control strings matched too: for templates' own text and `--special`.
  std::vector<TokenId> encode_with_control(std::string_view text) const;

  /// The text of ids, valid UTF-8, control strings spelled out. A maximal run of byte pieces that is no UTF-8 becomes
  /// one U+FFFD per byte, as Hugging Face's decoder does it. REQUIRES: every id is one of the vocabulary.
  std::string decode(std::span<const TokenId> ids) const;

  /// The id of a control string such as "<|turn>" if this vocabulary has it.
  std::optional<TokenId> control_id(std::string_view text) const;
  bool is_control(TokenId id) const { return type(id) == PieceType::kControl; }
  /// REQUIRES: 0 <= id < vocab_size().
  PieceType type(TokenId id) const;
  /// The byte of a byte piece. REQUIRES: type(id) == PieceType::kByte.
  unsigned char byte_value(TokenId id) const;

  std::size_t vocab_size() const;
  /// The piece of an id as stored (U+2581 not yet a space). REQUIRES: 0 <= id < vocab_size().
  std::string_view piece(TokenId id) const;
  /// The id of a piece with this text (U+2581 for a space).
  std::optional<TokenId> find_piece(std::string_view text) const;

  /// What the file named; where it named none, the id of `<bos>`, `<eos>`; -1 = neither.
  TokenId bos() const;
  TokenId eos() const;
  TokenId unk() const;
  TokenId pad() const;

  /// Memory held, tables that are looked at included.
  std::size_t memory_bytes() const;

  class Impl;

 private:
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carat::tokenizer
