#include "store/model_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "store/near_miss.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".gguf";

bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

/// NAME-00002-of-00003 (five digits each).
struct SplitName {
  std::string_view name;
  std::string_view part;
};
std::optional<SplitName> split_name(std::string_view stem) {
  constexpr std::string_view kForm = "-00001-of-00003";
  if (stem.size() <= kForm.size()) return std::nullopt;
  const std::string_view suffix = stem.substr(stem.size() - kForm.size());
  if (suffix[0] != '-' || suffix.substr(6, 4) != "-of-") return std::nullopt;
  if (!is_digits(suffix.substr(1, 5)) || !is_digits(suffix.substr(10))) return std::nullopt;
  return SplitName{stem.substr(0, stem.size() - kForm.size()), suffix.substr(1, 5)};
}

/// The model that a file or folder of the store stands for.
std::optional<StoredModel> as_model(const fs::path& path) {
  std::error_code ignored;
  const std::string file_name = path.filename().string();
  if (file_name.starts_with('.')) return std::nullopt;
  if (fs::is_directory(path, ignored)) {
    if (!fs::exists(path / "config.json", ignored)) return std::nullopt;
    return StoredModel{file_name, path};
  }
  if (path.extension() != kExtension || !fs::is_regular_file(path, ignored)) return std::nullopt;
  if (file_name.starts_with("mmproj-") || file_name.starts_with("mtp-")) return std::nullopt;
  const std::string stem = path.stem().string();
  if (const auto split = split_name(stem)) {
    if (split->part != "00001") return std::nullopt;
    return StoredModel{std::string(split->name), path};
  }
  return StoredModel{stem, path};
}

std::vector<std::string> names_of(const std::vector<StoredModel>& models) {
  std::vector<std::string> names;
  for (const StoredModel& model : models) names.push_back(model.name);
  return names;
}

}  // namespace

Result<ModelStore> ModelStore::open(const Environment& environment) {
  ASSIGN_OR_RETURN(const fs::path data, data_dir(environment));
  fs::path models = data / "models";
  if (auto created = create_private_dirs(models); !created) {
    return std::move(created).error().while_doing("making the folder of models (XDG_DATA_HOME can name another place)");
  }
  return ModelStore(std::move(models), environment.carat_model);
}

Result<std::vector<StoredModel>> ModelStore::list() const {
  std::error_code error;
  fs::directory_iterator it(models_dir_, error);
  std::vector<StoredModel> models;
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (auto model = as_model(it->path())) models.push_back(std::move(*model));
  }
  if (error) return io_error(fmt::format("{}: cannot list the folder: {}", models_dir_.string(), error.message()));
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return models;
}

Result<fs::path> ModelStore::resolve(std::string_view argument) const {
  if (argument.empty()) return invalid_argument("the model's name is empty; give a path or a name");
  const fs::path as_path = argument;
  std::error_code ignored;
  if (fs::exists(as_path, ignored)) return as_path;

  ASSIGN_OR_RETURN(const std::vector<StoredModel> models, list());
  std::string_view wanted = argument;
  if (wanted.ends_with(kExtension)) wanted.remove_suffix(kExtension.size());
  for (const StoredModel& model : models) {
    if (model.name == wanted) return model.path;
  }
  if (argument.find('/') != std::string_view::npos) {
    return not_found(fmt::format("{}: no such file or folder; check the path", argument));
  }
  const std::vector<std::string> names = names_of(models);
  const std::vector<std::string> near = near_misses(wanted, names);
  if (!near.empty()) {
    return not_found(fmt::format("{}: no such file, and no model of that name in {}; did you mean {}?", argument,
                                 models_dir_.string(), fmt::join(near, " or ")));
  }
  if (names.empty()) {
    return not_found(
        fmt::format("{}: no such file, and there is no model in {} yet; give the path of a GGUF file or of a "
                    "Hugging Face folder",
                    argument, models_dir_.string()));
  }
  return not_found(fmt::format("{}: no such file, and no model of that name in {}, which has {}", argument,
                               models_dir_.string(), fmt::join(names, ", ")));
}

Result<fs::path> ModelStore::default_model() const {
  if (!carat_model_.empty()) {
    auto path = resolve(carat_model_);
    if (!path) return std::move(path).error().while_doing("CARAT_MODEL");
    return path;
  }
  ASSIGN_OR_RETURN(const std::vector<StoredModel> models, list());
  if (models.size() == 1) return models.front().path;
  if (models.empty()) {
    return not_found(
        fmt::format("no model is named and there is none in {}; give --model PATH, set CARAT_MODEL, or get the "
                    "small one with tools/fetch_model",
                    models_dir_.string()));
  }
  return invalid_argument(fmt::format("no model is named and {} has several; choose with --model or CARAT_MODEL: {}",
                                      models_dir_.string(), fmt::join(names_of(models), ", ")));
}

}  // namespace carat::store
