#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carat::tokenizer {

using TokenId = std::int32_t;

/// A vocabulary as plain data, whatever file it came from; formats fill it, Tokenizer::create indexes it.
struct Vocabulary {
  std::vector<std::string> pieces;                    ///< text of id i, raw bytes (may hold U+FEFF, NUL)
  std::vector<std::pair<TokenId, TokenId>> merges;    ///< rank = index; empty when the file has scores only
  std::vector<float> scores;                          ///< used only when merges are empty (Gemma 3 GGUF files)
  std::vector<TokenId> added_tokens;                  ///< matched before BPE in plain text unless a control string
  TokenId bos = -1, eos = -1, unk = -1, pad = -1;     ///< -1 = the file names none
};

}  // namespace carat::tokenizer
