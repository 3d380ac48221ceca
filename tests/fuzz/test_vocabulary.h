#pragma once

#include "tokenizer/tokenizer.h"

namespace carat::fuzz {

/// A small tokenizer in the shape of Gemma's: the bytes, every control string, tags and runs that match before BPE,
/// ASCII and some other code points, and merges that make words, some in two ways.
tokenizer::Tokenizer test_tokenizer();

}  // namespace carat::fuzz
