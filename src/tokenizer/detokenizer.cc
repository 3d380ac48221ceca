#include "tokenizer/detokenizer.h"

#include <utility>

#include "base/utf8.h"

namespace carat::tokenizer {
namespace {

void append_with_spaces(std::string_view piece, std::string& out) {
  constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t found = piece.find(kSpaceSymbol, at);
    if (found == std::string_view::npos) {
      out += piece.substr(at);
      return;
    }
    out += piece.substr(at, found - at);
    out += ' ';
    at = found + kSpaceSymbol.size();
  }
}

}  // namespace

std::string Detokenizer::push(TokenId id) {
  const PieceType type = tokenizer_->type(id);
  if (type == PieceType::kByte) {
    bytes_ += static_cast<char>(tokenizer_->byte_value(id));
    // Held-back bytes never begin with a whole code point, so that more than four of them are broken for good.
    if (options_.runs == Runs::kWhole || bytes_.size() > 4 || !is_valid_utf8(bytes_)) return {};
    return std::exchange(bytes_, {});
  }
  std::string text = flush();
  if (type != PieceType::kControl || options_.control == Control::kKeep) {
    append_with_spaces(tokenizer_->piece(id), text);
  }
  return text;
}

std::string Detokenizer::flush() {
  const std::string bytes = std::exchange(bytes_, {});
  if (is_valid_utf8(bytes)) return bytes;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) text += kReplacementCharacter;
  return text;
}

}  // namespace carat::tokenizer
