#include "store/model_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "store/near_miss.h"
#include "store/split_name.h"

namespace carat::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".gguf";

/// The GGUF file of a folder that holds one model: the only one, or the first part of a split one.
std::optional<fs::path> gguf_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->path().extension() != kExtension || name.starts_with("mmproj-") || name.starts_with("mtp-")) continue;
    const std::string stem = it->path().stem().string();
    const auto split = split_name(stem);
    if (!split || split->part == "00001") found.push_back(it->path());
  }
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

std::vector<std::string> names_of(const std::vector<StoredModel>& models) {
  std::vector<std::string> names;
  for (const StoredModel& model : models) names.push_back(model.name);
  return names;
}

/// The link of a model by reference.
fs::path link_of(const StoredModel& model) {
  std::error_code ignored;
  return fs::is_symlink(model.entry, ignored) ? model.entry : model.path;
}

}  // namespace

std::optional<StoredModel> as_model(const fs::path& path) {
  std::error_code ignored;
  const std::string file_name = path.filename().string();
  if (file_name.starts_with('.')) return std::nullopt;
  const bool linked = fs::is_symlink(path, ignored);
  const bool broken = linked && !fs::exists(path, ignored);
  const bool is_gguf = path.extension() == kExtension;
  if (broken && !is_gguf) return StoredModel{file_name, path, path, linked, broken};
  if (fs::is_directory(path, ignored)) {
    if (fs::exists(path / "config.json", ignored)) return StoredModel{file_name, path, path, linked, false};
    const auto gguf = gguf_in(path);
    if (!gguf) return std::nullopt;
    return StoredModel{file_name, *gguf, path, linked || fs::is_symlink(*gguf, ignored), !fs::exists(*gguf, ignored)};
  }
  if (!is_gguf || (!broken && !fs::is_regular_file(path, ignored))) return std::nullopt;
  if (file_name.starts_with("mmproj-") || file_name.starts_with("mtp-")) return std::nullopt;
  const std::string stem = path.stem().string();
  const auto split = split_name(stem);
  if (split && split->part != "00001") return std::nullopt;
  return StoredModel{split ? std::string(split->name) : stem, path, path, linked, broken};
}

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

Result<StoredModel> ModelStore::find(std::string_view name) const {
  ASSIGN_OR_RETURN(std::vector<StoredModel> models, list());
  std::string_view wanted = name;
  for (const bool whole : {true, false}) {
    if (!whole && wanted.ends_with(kExtension)) wanted.remove_suffix(kExtension.size());
    const auto called = [&](const StoredModel& model) { return model.name == wanted; };
    const auto found = std::find_if(models.begin(), models.end(), called);
    if (found == models.end()) continue;
    if (std::count_if(models.begin(), models.end(), called) > 1) {
      return invalid_argument(fmt::format("{}: {} has both a file and a folder of that name; rename one of them", name,
                                          models_dir_.string()));
    }
    return std::move(*found);
  }
  const std::vector<std::string> names = names_of(models);
  const std::vector<std::string> near = near_misses(wanted, names);
  if (!near.empty()) {
    return not_found(fmt::format("{}: no such file, and no model of that name in {}; did you mean {}?", name,
                                 models_dir_.string(), fmt::join(near, " or ")));
  }
  if (names.empty()) {
    return not_found(
        fmt::format("{}: no such file, and there is no model in {} yet; give the path of a GGUF file or of a "
                    "Hugging Face folder",
                    name, models_dir_.string()));
  }
  return not_found(fmt::format("{}: no such file, and no model of that name in {}, which has {}", name,
                               models_dir_.string(), fmt::join(names, ", ")));
}

Result<fs::path> ModelStore::resolve(std::string_view argument) const {
  if (argument.empty()) return invalid_argument("the model's name is empty; give a path or a name");
  std::error_code ignored;
  if (const fs::path as_path = argument; fs::exists(as_path, ignored)) return as_path;
  if (argument.find('/') != std::string_view::npos) {
    return not_found(fmt::format("{}: no such file or folder; check the path", argument));
  }
  ASSIGN_OR_RETURN(const StoredModel model, find(argument));
  if (model.broken) {
    return not_found(fmt::format("{}: the model's file {} is no longer there; put it back, or carat rm {}", argument,
                                 fs::read_symlink(link_of(model), ignored).string(), model.name));
  }
  return model.path;
}

Result<fs::path> ModelStore::default_model() const {
  if (!carat_model_.empty()) {
    auto path = resolve(carat_model_);
    if (!path) return std::move(path).error().while_doing("CARAT_MODEL");
    return path;
  }
  ASSIGN_OR_RETURN(std::vector<StoredModel> models, list());
  std::erase_if(models, [](const StoredModel& model) { return model.broken; });
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
