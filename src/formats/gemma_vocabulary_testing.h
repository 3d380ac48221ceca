#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "tokenizer/vocabulary.h"

/// Gemma's real vocabulary for tests and benchmarks: that of the small real model, which tools/fetch_model puts into
/// the data directory.
namespace carat::formats::testing {

/// $CARAT_TEST_MODEL, else where tools/fetch_model puts the file.
std::filesystem::path real_model_path();

/// The 270M file's own vocabulary: Gemma 3's strings, scores instead of merges. Errors: kNotFound with the next step.
Result<tokenizer::Vocabulary> gemma3_vocabulary();

/// The same ids with the strings of spec/tokenizer-and-chat.md 1.2, and nothing but control strings and runs of blanks
/// matched before BPE: Gemma 4's vocabulary.
tokenizer::Vocabulary with_gemma4_strings(const tokenizer::Vocabulary& gemma3);
Result<tokenizer::Vocabulary> gemma4_vocabulary();

/// The merges that Gemma's tokenizer.json has, made from the scores as Hugging Face's converter makes them: every cut
/// of every piece, runs of blanks first. Types become those of the file too: runs of blanks are normal pieces.
tokenizer::Vocabulary with_merges(const tokenizer::Vocabulary& scored);

/// A tokenizer.json with Gemma's pipeline, indented (and so as long) as the published one. Merges as ["a", "b"], or as
/// "a b".
std::string to_tokenizer_json(const tokenizer::Vocabulary& vocabulary, bool merges_as_pairs = true);

}  // namespace carat::formats::testing
