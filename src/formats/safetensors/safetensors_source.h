#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/safetensors/safetensors_part.h"
#include "formats/tensor_index.h"
#include "formats/tensor_source.h"

namespace carat::formats {

/// The tensors of one safetensors file, or of a folder with one or many, mapped. Const after construction, so any
/// thread may read it.
class SafetensorsSource : public TensorSource {
 public:
  /// One file.
  static Result<SafetensorsSource> open(const std::filesystem::path& file);

  /// model.safetensors.index.json and the shards it names, else model.safetensors, else the only *.safetensors file.
  /// Errors: kNotFound naming the missing shard or file; kCorrupt for an index that does not fit its shards.
  static Result<SafetensorsSource> open_folder(const std::filesystem::path& folder);

  std::span<const Tensor> tensors() const override { return tensors_; }
  const Tensor* find(std::string_view name) const override { return index_.find(tensors_, name); }

  /// "__metadata__" of the first file.
  const std::map<std::string, std::string>& metadata() const { return parts_.front().contents.metadata; }
  std::vector<std::filesystem::path> paths() const;
  std::vector<FileIdentity> identities() const;

 private:
  SafetensorsSource() = default;
  static Result<SafetensorsSource> from_parts(std::vector<SafetensorsPart> parts, std::string_view where);

  std::vector<SafetensorsPart> parts_;
  std::vector<Tensor> tensors_;
  TensorIndex index_;
};

}  // namespace carat::formats
