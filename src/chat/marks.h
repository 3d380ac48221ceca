#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace carat::chat {

/// What a control token means inside a reply.
enum class Mark {
  kChannelOpen,
  kChannelClose,
  kCallOpen,
  kCallClose,
  kResponseOpen,
  kResponseClose,
  kQuote,
  kTurnClose,
  kEos,
  kOther,  ///< a control token that has no place in a reply
};

struct MarkText {
  std::string_view text;
  Mark mark;
};

/// The mark of a control string.
Mark mark_of(std::string_view control_text);

/// Ids to marks, for one vocabulary.
class MarkIds {
 public:
  MarkIds() = default;
  explicit MarkIds(const tokenizer::Tokenizer& tokenizer);
  std::optional<MarkText> find(tokenizer::TokenId id) const;

 private:
  struct Entry {
    tokenizer::TokenId id;
    MarkText mark;
  };
  std::vector<Entry> entries_;  // by id
};

/// Cuts text at control strings, in pieces of any size: what may be the beginning of one is held back.
class MarkScanner {
 public:
  struct Piece {
    std::string text;          ///< plain text, or
    std::optional<Mark> mark;  ///< a mark, `text` being its control string
  };

  std::vector<Piece> push(std::string_view text);
  std::vector<Piece> flush();

 private:
  std::string held_;
};

}  // namespace carat::chat
