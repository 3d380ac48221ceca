#include "fuzz/test_vocabulary.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/control_tokens.h"
#include "tokenizer/tokenizer_testing.h"
#include "tokenizer/vocabulary.h"

namespace carat::fuzz {

tokenizer::Tokenizer test_tokenizer() {
  using tokenizer::PieceType;
  std::vector<std::string> pieces(tokenizer::control::kAll.begin(), tokenizer::control::kAll.end());
  const std::vector<std::string> added = {"<b>",      "</b>", "<td>", "\n\n", "\t\t", "\xE2\x96\x81\xE2\x96\x81",
                                          "<unused7>"};
  pieces.insert(pieces.end(), added.begin(), added.end());
  for (char c = '!'; c <= '~'; ++c) pieces.emplace_back(1, c);
  for (const char* more :
       {"\n", "\t", "\xE2\x96\x81", "\xC3\xA9", "\xCC\x81", "\xE6\x97\xA5", "\xF0\x9F\x98\x80", "\xEF\xBB\xBF"}) {
    pieces.emplace_back(more);
  }
  const std::vector<std::pair<std::string, std::string>> merges = {{"t", "h"},
                                                                   {"th", "e"},
                                                                   {"\xE2\x96\x81", "the"},
                                                                   {"\xE2\x96\x81", "t"},
                                                                   {"\xE2\x96\x81t", "he"},
                                                                   {"h", "e"},
                                                                   {"l", "l"},
                                                                   {"he", "ll"},
                                                                   {"hell", "o"},
                                                                   {"a", "b"},
                                                                   {"ab", "ab"},
                                                                   {"b", "a"},
                                                                   {"a", "ba"},
                                                                   {"<", "|"},
                                                                   {"<|", "t"},
                                                                   {"|", ">"},
                                                                   {"t", "urn"},
                                                                   {"u", "rn"},
                                                                   {"r", "n"},
                                                                   {">", "\n"},
                                                                   {"0", "0"},
                                                                   {"\xE6\x97\xA5", "\xE6\x97\xA5"},
                                                                   {"e", "\xCC\x81"},
                                                                   {"<0", "x41"},
                                                                   {"<", "0"},
                                                                   {"x", "41"},
                                                                   {"4", "1"},
                                                                   {"<0x41", ">"},
                                                                   {"\n", "a"}};
  const auto add = [&](const std::string& piece) {
    if (std::find(pieces.begin(), pieces.end(), piece) == pieces.end()) pieces.push_back(piece);
  };
  for (const auto& [left, right] : merges) {
    add(left);
    add(right);
    if (left + right != "<0x41>") add(left + right);  // is a byte piece already
  }
  tokenizer::Vocabulary vocabulary = tokenizer::testing::tiny_vocabulary(pieces);
  for (const std::string& piece : added) tokenizer::testing::set_type(vocabulary, piece, PieceType::kAdded);
  tokenizer::testing::add_merges(vocabulary, merges);
  auto made = tokenizer::Tokenizer::create(std::move(vocabulary));
  return std::move(made).value();
}

}  // namespace carat::fuzz
