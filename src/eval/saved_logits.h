#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eval/logit_source.h"
#include "formats/safetensors/safetensors_source.h"

namespace carat::eval {

/// Logits that `carat probe --rows all` wrote, or any program that keeps to its format (docs/cli.md): tensors `ids`
/// [n] of integers and `logits` [n, vocab] of F32, F16 or BF16. Rows are read from the mapped file as they are needed.
class SavedLogits final : public LogitSource {
 public:
  /// Whether `path` is a safetensors file with a tensor `logits` (or a broken one), and so no model.
  static bool is_one(const std::filesystem::path& path);

  /// Errors: those of SafetensorsSource::open; kNotFound for a missing tensor; kInvalidArgument for a file with logits
  /// of fewer rows than ids, or an id outside its own vocabulary.
  static Result<std::unique_ptr<SavedLogits>> open(const std::filesystem::path& path);

  const std::vector<tokenizer::TokenId>& ids() const { return ids_; }
  /// Metadata `key`, or "" when the file does not have it.
  std::string metadata(const std::string& key) const;

  std::int64_t vocab_size() const override { return vocab_size_; }
  /// Errors: kInvalidArgument unless `ids` are those of the file, naming the first place where they part.
  Result<void> start(std::span<const tokenizer::TokenId> ids) override;
  Result<std::span<const float>> next(std::int64_t n) override;

 private:
  SavedLogits(std::filesystem::path path, formats::SafetensorsSource source)
      : path_(std::move(path)), source_(std::move(source)) {}
  Result<void> read_header();

  std::filesystem::path path_;
  formats::SafetensorsSource source_;
  std::vector<tokenizer::TokenId> ids_;
  std::int64_t vocab_size_ = 0;
  std::int64_t next_row_ = 0;
  std::vector<float> rows_;
};

}  // namespace carat::eval
