#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "base/result.h"
#include "formats/gguf/gguf_file.h"
#include "formats/hf_folder.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// An opened model of either kind; exactly one of the two is there.
///
///     ASSIGN_OR_RETURN(const ModelSource source, open_model(path));
///     for (const Tensor& tensor : source.tensors().tensors()) ...
struct ModelSource {
  std::filesystem::path path;  ///< as given
  std::optional<GgufFile> gguf;
  std::optional<HfFolder> folder;

  const TensorSource& tensors() const {
    if (gguf) return *gguf;
    return *folder->tensors;
  }
  /// general.name, or the folder's name.
  std::string name() const;
  /// The file or folder that holds the model: of a split file the first part.
  std::filesystem::path home() const;

  /// The files that weights and vocabulary come from, as they were when they were opened (tokenizer.json: as it is).
  std::vector<FileIdentity> identities() const;
  /// A hash of all that the vocabulary is made of.
  Hash128 vocabulary_hash() const;
};

/// Decides by content: a Hugging Face folder (or a safetensors file in one), or a GGUF file (any part of a split one).
/// Errors say what was found and what was expected.
Result<ModelSource> open_model(const std::filesystem::path& path);

}  // namespace carat::formats
