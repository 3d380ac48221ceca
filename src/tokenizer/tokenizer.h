#pragma once

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
/// Const after construction: any thread may encode.
class Tokenizer {
 public:
  /// Errors: kCorrupt naming what is wrong with the vocabulary (no byte pieces, merges out of range, ...).
  static Result<Tokenizer> create(Vocabulary vocabulary);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Plain text: added tokens that are not control strings match (Gemma 3's HTML tags), control strings never do.
  /// No <bos> is added.
  std::vector<TokenId> encode(std::string_view text) const;
  /// The same with control strings matched too: for templates' own text and `--special`.
  std::vector<TokenId> encode_with_control(std::string_view text) const;

  /// The id of a control string such as "<|turn>" if this vocabulary has it.
  std::optional<TokenId> control_id(std::string_view text) const;
  bool is_control(TokenId id) const;

  std::size_t vocab_size() const;
  /// The piece of an id as stored (U+2581 not yet a space). REQUIRES: 0 <= id < vocab_size().
  std::string_view piece(TokenId id) const;
  TokenId bos() const;

  class Impl;

 private:
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carat::tokenizer
