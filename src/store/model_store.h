#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/data_dir.h"

namespace carat::store {

/// A model in the data directory. Its name is the file's name without ".gguf" (of a split file: without the part's
/// number too), or the folder's.
struct StoredModel {
  std::string name;
  std::filesystem::path path;   ///< the GGUF file (its first part), or the Hugging Face folder
  std::filesystem::path entry;  ///< what the models folder holds of it: a file, a folder, or a link to either
  bool linked = false;          ///< by reference: the entry, or the files in it, are links to somewhere else
  bool broken = false;          ///< by reference to what is no longer there
};

/// The model that a file, folder or link of the models folder stands for; nothing for what is none.
std::optional<StoredModel> as_model(const std::filesystem::path& entry);

/// The models as plain files: DATA_DIR/models/NAME.gguf, or DATA_DIR/models/NAME/ with a config.json (a Hugging Face
/// folder) or with the parts of one GGUF file. Each may be a link: a model by reference (add_model.h).
///
///     ASSIGN_OR_RETURN(const ModelStore store, ModelStore::open(Environment::of_process()));
///     ASSIGN_OR_RETURN(const std::filesystem::path path, store.resolve("gemma-3-270m-q4_k_m"));
class ModelStore {
 public:
  /// Creates the folder, mode 0700, so that a message may say "put it there".
  static Result<ModelStore> open(const Environment& environment);

  const std::filesystem::path& models_dir() const { return models_dir_; }

  /// Sorted by name, broken ones too; pieces that are no language model by themselves (mmproj-*, mtp-*, later parts)
  /// are left out.
  Result<std::vector<StoredModel>> list() const;

  /// By its name. Errors: kNotFound as resolve's.
  Result<StoredModel> find(std::string_view name) const;

  /// A path that exists wins, then a name in the store (".gguf" may be left on).
  /// Errors: kNotFound, suggesting near misses and listing what is there, or naming what a broken reference led to.
  Result<std::filesystem::path> resolve(std::string_view argument) const;

  /// What a command uses without --model: CARAT_MODEL, else the only model in the store.
  /// Errors: kNotFound (none), kInvalidArgument (several, listed), or resolve's for CARAT_MODEL.
  Result<std::filesystem::path> default_model() const;

 private:
  ModelStore(std::filesystem::path models_dir, std::string carat_model)
      : models_dir_(std::move(models_dir)), carat_model_(std::move(carat_model)) {}

  std::filesystem::path models_dir_;
  std::string carat_model_;
};

}  // namespace carat::store
