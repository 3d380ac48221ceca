#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "tokenizer/vocabulary.h"

namespace carat::formats {

/// The vocabulary of a Hugging Face tokenizer.json with Gemma's pipeline: BPE with byte fallback, spaces as U+2581,
/// added tokens. Merges as "a b" or ["a","b"]. `where` is the file's name for messages.
///
/// Errors: kCorrupt (no JSON, an id without a piece, ...); kUnsupported naming the model type, normalizer,
/// pre-tokenizer or decoder that is not Gemma's; kLimit. What Tokenizer::create checks is not checked here.
Result<tokenizer::Vocabulary> parse_tokenizer_json(std::string_view text, std::string_view where);

/// The same of a file, at most 256 MB.
Result<tokenizer::Vocabulary> read_tokenizer_json(const std::filesystem::path& path);

}  // namespace carat::formats
