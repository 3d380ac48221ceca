#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace carat::eval {

/// The sequences a text is evaluated in: its ids cut into pieces that fill `context` positions, each with `bos` first
/// (bos < 0: without). With <bos> every token of the text is predicted exactly once; without, the first of a piece is
/// not. A text that fits is one sequence. No ids: none. REQUIRES: context >= 2.
std::vector<std::vector<tokenizer::TokenId>> windows_of(std::span<const tokenizer::TokenId> text_ids,
                                                        tokenizer::TokenId bos, std::int64_t context);

}  // namespace carat::eval
