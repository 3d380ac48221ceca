#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace carat::cli {

/// "2 10, 55": ids separated by commas or blanks. `where` names the text in messages.
/// Errors: kInvalidArgument naming what is no id, or an id outside a vocabulary of `vocab_size`.
Result<std::vector<tokenizer::TokenId>> parse_token_ids(std::string_view text, std::size_t vocab_size,
                                                        std::string_view where);

/// "2 10 55"
std::string format_token_ids(std::span<const tokenizer::TokenId> ids);

/// {"text": …} -> {"ids": […]}; control strings match only with `special`.
Result<std::string> encode_json(const tokenizer::Tokenizer& tokenizer, std::string_view line, bool special,
                                std::string_view where);
/// {"ids": […]} -> {"text": …}
Result<std::string> decode_json(const tokenizer::Tokenizer& tokenizer, std::string_view line, std::string_view where);

}  // namespace carat::cli
