#include "formats/model_tokenizer.h"

#include <fmt/core.h>

#include <utility>

#include "base/bad_alloc.h"
#include "formats/gguf_vocabulary.h"
#include "formats/tokenizer_json.h"

namespace carat::formats {

Result<tokenizer::Tokenizer> open_tokenizer(const ModelSource& source) {
  return no_bad_alloc([&]() -> Result<tokenizer::Tokenizer> {
    tokenizer::Vocabulary vocabulary;
    if (source.gguf) {
      ASSIGN_OR_RETURN(vocabulary, read_gguf_vocabulary(source.gguf->metadata()));
    } else if (source.folder->tokenizer_json) {
      ASSIGN_OR_RETURN(vocabulary, read_tokenizer_json(*source.folder->tokenizer_json));
    } else {
      return not_found(fmt::format("{}: has no tokenizer.json; copy it from the model's page into the folder",
                                   source.folder->path.string()));
    }
    auto created = tokenizer::Tokenizer::create(std::move(vocabulary));
    if (!created) return std::move(created).error().while_doing(source.path.string());
    return created;
  });
}

}  // namespace carat::formats
