#include "formats/gguf_vocabulary.h"

#include <fmt/core.h>

#include <string>
#include <string_view>

#include "formats/merge_texts.h"
#include "formats/printable.h"

namespace carat::formats {
namespace {

using tokenizer::kMaxMerges;
using tokenizer::kMaxPieces;
using tokenizer::PieceList;
using tokenizer::PieceType;
using tokenizer::TokenId;
using tokenizer::Vocabulary;

/// Numbers of `tokenizer.ggml.token_type`; they are on disk, do not change.
Result<PieceType> piece_type(std::int64_t number, std::size_t id, const std::string& source) {
  switch (number) {
    case 1:
      return PieceType::kNormal;
    case 2:  // unknown: never made from text
    case 3:
      return PieceType::kControl;
    case 4:
      return PieceType::kAdded;
    case 5:
      return PieceType::kUnused;
    case 6:
      return PieceType::kByte;
    default:
      return corrupt(
          fmt::format("{}: tokenizer.ggml.token_type of piece {} is {}; 1 to 6 was expected", source, id, number));
  }
}

/// Refuses what is not Gemma's pipeline (no prefix, no pre-tokenizer, spaces as U+2581).
Result<void> check_kind(const GgufMetadata& metadata) {
  ASSIGN_OR_RETURN(const std::string_view model, metadata.get_string("tokenizer.ggml.model"));
  if (model != "gemma4" && model != "llama") {
    return unsupported(fmt::format("{}: tokenizer.ggml.model is \"{}\"; carat reads gemma4, and llama for Gemma 3",
                                   metadata.source(), printable(model)));
  }
  if (metadata.has("tokenizer.ggml.pre")) {
    ASSIGN_OR_RETURN(const std::string_view pre, metadata.get_string("tokenizer.ggml.pre"));
    if (pre != "gemma4" && pre != "default") {
      return unsupported(fmt::format("{}: tokenizer.ggml.pre is \"{}\"; carat reads gemma4 and default",
                                     metadata.source(), printable(pre)));
    }
  }
  if (metadata.has("tokenizer.ggml.add_space_prefix")) {
    ASSIGN_OR_RETURN(const bool prefix, metadata.get_bool("tokenizer.ggml.add_space_prefix"));
    if (prefix) {
      return unsupported(fmt::format("{}: tokenizer.ggml.add_space_prefix is true; Gemma's tokenizers add no space",
                                     metadata.source()));
    }
  }
  return {};
}

Result<PieceList> read_pieces(const GgufMetadata& metadata) {
  ASSIGN_OR_RETURN(const auto texts, metadata.get_strings("tokenizer.ggml.tokens", 1, kMaxPieces));
  std::size_t n_bytes = 0;
  for (const std::string_view text : texts) n_bytes += text.size();  // no overflow: they lie in one mapped file
  if (n_bytes > tokenizer::kMaxVocabularyBytes) {
    return limit_exceeded(fmt::format("{}: tokenizer.ggml.tokens hold {} bytes; at most {} are read", metadata.source(),
                                      n_bytes, tokenizer::kMaxVocabularyBytes));
  }
  PieceList pieces;
  pieces.reserve(texts.size(), n_bytes + n_bytes / 16);
  for (const std::string_view text : texts) {
    if (text.find(' ') == std::string_view::npos) {
      pieces.push_back(text);
    } else {
      pieces.push_back(with_space_symbols(text));
    }
  }
  return pieces;
}

Result<TokenId> read_id(const GgufMetadata& metadata, std::string_view key, std::size_t n_pieces) {
  if (!metadata.has(key)) return -1;
  ASSIGN_OR_RETURN(const std::int64_t id, metadata.get_int(key, 0, static_cast<std::int64_t>(n_pieces) - 1));
  return static_cast<TokenId>(id);
}

Result<void> read_merges_or_scores(const GgufMetadata& metadata, Vocabulary& vocabulary) {
  if (metadata.has("tokenizer.ggml.merges")) {
    ASSIGN_OR_RETURN(const auto texts, metadata.get_strings("tokenizer.ggml.merges", 0, kMaxMerges));
    MergeTexts merges(vocabulary.pieces, metadata.source());
    merges.reserve(texts.size());
    for (const std::string_view text : texts) RETURN_IF_ERROR(merges.add(text));
    vocabulary.merges = std::move(merges).take();
    return {};
  }
  ASSIGN_OR_RETURN(const std::string_view model, metadata.get_string("tokenizer.ggml.model"));
  const bool pre_gemma4 = metadata.has("tokenizer.ggml.pre") && *metadata.get_string("tokenizer.ggml.pre") == "gemma4";
  if (model == "gemma4" || pre_gemma4) {  // scores are filler there
    return not_found(fmt::format("{}: tokenizer.ggml.merges is missing; a Gemma 4 file has them, convert it again",
                                 metadata.source()));
  }
  const std::size_t n = vocabulary.pieces.size();
  ASSIGN_OR_RETURN(vocabulary.scores, metadata.get_floats("tokenizer.ggml.scores", n, n));
  return {};
}

}  // namespace

Result<Vocabulary> read_gguf_vocabulary(const GgufMetadata& metadata) {
  RETURN_IF_ERROR(check_kind(metadata));
  Vocabulary vocabulary;
  ASSIGN_OR_RETURN(vocabulary.pieces, read_pieces(metadata));
  const std::size_t n = vocabulary.pieces.size();
  ASSIGN_OR_RETURN(const auto types, metadata.get_ints("tokenizer.ggml.token_type", n, n));
  vocabulary.types.reserve(n);
  for (const std::int64_t number : types) {
    ASSIGN_OR_RETURN(const PieceType type, piece_type(number, vocabulary.types.size(), metadata.source()));
    vocabulary.types.push_back(type);
  }
  RETURN_IF_ERROR(read_merges_or_scores(metadata, vocabulary));
  ASSIGN_OR_RETURN(vocabulary.bos, read_id(metadata, "tokenizer.ggml.bos_token_id", n));
  ASSIGN_OR_RETURN(vocabulary.eos, read_id(metadata, "tokenizer.ggml.eos_token_id", n));
  ASSIGN_OR_RETURN(vocabulary.unk, read_id(metadata, "tokenizer.ggml.unknown_token_id", n));
  ASSIGN_OR_RETURN(vocabulary.pad, read_id(metadata, "tokenizer.ggml.padding_token_id", n));
  return vocabulary;
}

}  // namespace carat::formats
