#pragma once

#include "base/result.h"
#include "formats/gguf/gguf_metadata.h"
#include "tokenizer/vocabulary.h"

namespace carat::formats {

/// The vocabulary of a GGUF file (spec/gguf.md 3): `tokenizer.ggml.model` gemma4 with merges, or llama with merges or,
/// for Gemma 3, with scores; merges win. Errors: kUnsupported naming another tokenizer model or pre-tokenizer or a
/// space prefix; kNotFound and kCorrupt naming key and piece. What Tokenizer::create checks is not checked here.
Result<tokenizer::Vocabulary> read_gguf_vocabulary(const GgufMetadata& metadata);

}  // namespace carat::formats
