#pragma once

#include <span>
#include <vector>

#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Byte pair encoding of one word: while any adjacent pair has a merge, joins the pair of lowest priority, the leftmost
/// of equals. Appends what remains to `out`; `word` is overwritten.
///
/// A word may be a whole prompt (a run of one character), so long words go through a heap: O(n log n).
/// REQUIRES: word.size() < 2^32.
/// Source: spec/tokenizer-and-chat.md 1.1; the ids are those of Hugging Face's tokenizers.
void merge_word(const MergeTable& merges, std::span<TokenId> word, std::vector<TokenId>& out);

/// The two ways merge_word takes, apart so that tests can compare them.
void merge_short_word(const MergeTable& merges, std::span<TokenId> word, std::vector<TokenId>& out);  ///< O(n^2)
void merge_long_word(const MergeTable& merges, std::span<TokenId> word, std::vector<TokenId>& out);

}  // namespace carat::tokenizer
