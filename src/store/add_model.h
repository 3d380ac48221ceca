#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/model_store.h"

namespace carat::store {

/// A name that a model may have: letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 96. Such
/// a name is a file name everywhere and leads out of no folder.
///
///     ASSIGN_OR_RETURN(const ModelName name, ModelName::parse("gemma-4-e2b"));
class ModelName {
 public:
  /// Errors: kInvalidArgument with the rule.
  static Result<ModelName> parse(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  explicit ModelName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Whether a name is made of letters, digits, '.', '_' and '-' only, so that no shell and no terminal finds another
/// meaning in it. Files that others put into the models folder may have any.
bool is_plain_name(std::string_view name);

/// Bytes copied so far, and in all.
using CopyProgress = std::function<void(std::uint64_t n_done, std::uint64_t n_bytes)>;

struct AddOptions {
  bool copy = false;  ///< the bytes, so that the original may go; else by reference, a link
  CopyProgress progress;
};

/// Puts a model into the store under a name: `files` is one Hugging Face folder, one GGUF file, or several GGUF files
/// that belong together (the parts of a split one, a projector, a drafter), which become a folder. The model appears
/// complete or not at all: everything is made aside and renamed, copies reach the disk first.
///
/// Errors: kInvalidArgument when the name is taken or two files have one name; kNotFound, kIo (a full disk is noticed
/// before copying). Nothing is left then.
Result<StoredModel> add_model(const ModelStore& store, const ModelName& name,
                              const std::vector<std::filesystem::path>& files, const AddOptions& options);

/// Takes a model out of the store. Of one by reference only the links go.
Result<void> remove_model(const StoredModel& model);

/// Bytes of a model's own files that remove_model would delete; 0 for one by reference.
std::uint64_t own_bytes(const StoredModel& model);

}  // namespace carat::store
