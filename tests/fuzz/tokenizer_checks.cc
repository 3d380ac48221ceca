#include "fuzz/tokenizer_checks.h"

#include <string>
#include <vector>

#include "fuzz/target.h"
#include "tokenizer/detokenizer.h"

namespace carat::fuzz {
namespace {

using tokenizer::Detokenizer;
using tokenizer::PieceType;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

// To a tokenizer U+2581 is a space. (One without a piece for it gives both back as they were.)
std::string with_spaces(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool space = text.substr(at, 3) == "\xE2\x96\x81";
    out += space ? ' ' : text[at];
    if (space) at += 2;
  }
  return out;
}

// The bytes of ids, byte pieces as their bytes even where they are no UTF-8 together.
std::string bytes_of(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string bytes;
  for (const TokenId id : ids) {
    if (tokenizer.type(id) == PieceType::kByte) {
      bytes += static_cast<char>(tokenizer.byte_value(id));
    } else {
      bytes += tokenizer.piece(id);
    }
  }
  return bytes;
}

void check_streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, const std::string& whole) {
  Detokenizer stream(tokenizer, {.control = Detokenizer::Control::kKeep});
  std::string text;
  for (const TokenId id : ids) {
    const std::string part = stream.push(id);
    CARAT_CHECK(is_valid_utf8(part));
    text += part;
  }
  text += stream.flush();
  CARAT_CHECK(is_valid_utf8(text));
  if (whole.find(kReplacementCharacter) == std::string::npos) CARAT_CHECK(text == whole);
}

}  // namespace

void check_text(const Tokenizer& tokenizer, std::string_view text) {
  const std::string expected = with_spaces(text);
  for (const bool with_control : {false, true}) {
    const auto ids = with_control ? tokenizer.encode_with_control(text) : tokenizer.encode(text);
    CARAT_CHECK(ids.size() <= text.size());
    for (const TokenId id : ids) {
      CARAT_CHECK(id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocab_size());
      CARAT_CHECK(tokenizer.type(id) != PieceType::kUnused);
      if (!with_control) CARAT_CHECK(!tokenizer.is_control(id));
    }
    CARAT_CHECK(with_spaces(bytes_of(tokenizer, ids)) == expected);
    const std::string decoded = tokenizer.decode(ids);
    CARAT_CHECK(is_valid_utf8(decoded));
    if (is_valid_utf8(text)) CARAT_CHECK(with_spaces(decoded) == expected);
    check_streamed(tokenizer, ids, decoded);
  }
}

void check_hard_texts(const Tokenizer& tokenizer) {
  using namespace std::string_literals;
  const std::string texts[] = {
      "",
      "a",
      "Hello world!",
      "  two  spaces  ",
      "\xE2\x96\x81\xE2\x96\x81",
      "\n\n\n\t\t \n",
      "\0\0a\0"s,
      "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
      "a\xCC\x81\xCC\x82\xCC\x83",
      "\xEF\xBB\xBF<bos>",
      "<|turn>user\n<turn|>",
      "<start_of_turn><end_of_turn><eos><pad><unk>",
      "<0x41><0xFF><0x00>",
      "\xFF\xFE\x80",
      "\xE2\x96",
      "\xF0\x9F\x98",
      std::string(300, 'a'),
      std::string(300, ' '),
      std::string(100, '\xE2'),
      "abababababababababababab<a><ab><abc>",
  };
  for (const std::string& text : texts) check_text(tokenizer, text);
}

}  // namespace carat::fuzz
