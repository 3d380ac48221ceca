#pragma once

#include <string_view>

#include "tokenizer/tokenizer.h"

namespace carat::fuzz {

/// What must hold of one text under any tokenizer that create() accepted: encoding ends; valid UTF-8 comes back byte
/// for byte (U+2581 as a space), other bytes as themselves; plain text gives no control id; the streaming detokenizer
/// says the same as decode().
void check_text(const tokenizer::Tokenizer& tokenizer, std::string_view text);

/// check_text of twenty texts that are hard for tokenizers.
void check_hard_texts(const tokenizer::Tokenizer& tokenizer);

}  // namespace carat::fuzz
