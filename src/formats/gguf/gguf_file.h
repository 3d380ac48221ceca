#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/gguf/gguf_metadata.h"
#include "formats/gguf/gguf_part.h"
#include "formats/tensor_index.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// A GGUF model, single or split (NAME-00001-of-0000N.gguf, any part given), mapped.
///
///     ASSIGN_OR_RETURN(const GgufFile file, GgufFile::open("model.gguf"));
///     ASSIGN_OR_RETURN(const std::string_view architecture, file.metadata().get_string("general.architecture"));
///     const Tensor* table = file.find("token_embd.weight");
///
/// Const after construction, so any thread may read it.
class GgufFile : public TensorSource {
 public:
  /// Errors: those of parse_gguf and of MappedFile; kNotFound naming a missing part; kCorrupt for parts that disagree.
  static Result<GgufFile> open(const std::filesystem::path& path);

  /// Of the first part, without the split.* keys, which say only how the model was packed.
  const GgufMetadata& metadata() const { return parts_.front().contents.metadata; }
  std::span<const Tensor> tensors() const override { return tensors_; }
  const Tensor* find(std::string_view name) const override { return index_.find(tensors_, name); }

  /// In order of their numbers.
  std::vector<std::filesystem::path> paths() const;
  std::vector<FileIdentity> identities() const;
  /// The first part up to its first tensor: all that the vocabulary is made of.
  std::span<const std::byte> header() const;

 private:
  GgufFile() = default;

  std::vector<GgufPart> parts_;
  std::vector<Tensor> tensors_;
  TensorIndex index_;
};

}  // namespace carat::formats
