#pragma once

#include <string_view>

#include "base/result.h"

namespace simdjson::dom {
class element;
}

namespace carat::formats {

/// Refuses a tokenizer.json whose steps are not Gemma's (spec/tokenizer-and-chat.md 1.1), naming the step: a BPE model
/// with byte fallback and without prefix, suffix, dropout or ignore_merges; a normalizer that replaces U+0020 by U+2581
/// and does nothing else; a pre-tokenizer that is absent or splits at U+0020 (which never fires); a decoder that only
/// undoes these. The post-processor is not looked at: what it adds, the chat format adds.
Result<void> check_tokenizer_pipeline(const simdjson::dom::element& root, std::string_view where);

}  // namespace carat::formats
