#include "cli/commands/cache.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "base/json.h"
#include "cli/cache_options.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/table.h"
#include "formats/packed/packed_file.h"
#include "formats/printable.h"
#include "store/model_store.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

struct CacheCommand {
  std::vector<std::string> remove;
  bool json = false;
};

struct Copy {
  store::PackCache::Entry entry;
  std::string model;    ///< what the copy says of itself; empty when it is damaged
  fs::path model_path;  ///< the same
};

/// Those that the cache directory knows, and those beside models of the store and beside the models `named` by path
/// (written by somebody else, perhaps).
std::vector<Copy> all_copies(const store::PackCache& cache, const std::vector<std::string>& named = {}) {
  std::vector<store::PackCache::Entry> entries = cache.list();
  const auto known = [&](const fs::path& path) {
    return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.path == path; });
  };
  const auto models = []() -> Result<std::vector<store::StoredModel>> {
    ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
    return store.list();
  }();
  std::vector<fs::path> others(named.begin(), named.end());
  for (const auto& model : models ? *models : std::vector<store::StoredModel>()) others.push_back(model.path);
  for (const fs::path& model : others) {
    const fs::path path = store::PackCache::beside(model);
    if (!known(path) && formats::PackedFile::is_one(path)) {
      if (const auto entry = store::PackCache::look_at(path)) entries.push_back(*entry);
    }
  }
  std::vector<Copy> copies;
  for (auto& entry : entries) {
    Copy copy{std::move(entry), "", ""};
    if (const auto file = formats::PackedFile::open(copy.entry.path)) {
      copy.model = formats::printable(file->origin().model_name);
      copy.model_path = file->origin().model_path;
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

/// NAME is the path of the copy or of the model, the model's name, or its file's name with or without the extension.
bool is_called(const Copy& copy, const std::string& name) {
  if (name == "all") return true;
  const fs::path& model = copy.model_path;
  std::error_code ignored;
  return name == copy.entry.path || name == copy.entry.path.filename() || name == model || name == copy.model ||
         name == model.filename() || name == model.stem() || fs::equivalent(name, copy.entry.path, ignored) ||
         (!model.empty() && fs::equivalent(name, model, ignored));
}

/// A name of the store stands for the model's path: one by reference is called otherwise than its file.
std::vector<std::string> with_paths(std::vector<std::string> names) {
  const auto store = store::ModelStore::open(store::Environment::of_process());
  for (std::string& name : names) {
    if (!store || name == "all") continue;
    if (const auto model = store->find(name); model && !model->broken) name = model->path.string();
  }
  return names;
}

Result<void> remove_copies(const store::PackCache& cache, const std::vector<std::string>& given) {
  const std::vector<std::string> names = with_paths(given);
  const std::vector<Copy> copies = all_copies(cache, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool any =
        std::any_of(copies.begin(), copies.end(), [&](const Copy& copy) { return is_called(copy, names[i]); });
    if (any || names[i] == "all") continue;
    return not_found(fmt::format("{}: there is no packed copy of that name; `carat cache` lists them", given[i]));
  }
  std::uint64_t n_bytes = 0;
  std::size_t n_files = 0;
  for (const Copy& copy : copies) {
    if (std::none_of(names.begin(), names.end(), [&](const auto& name) { return is_called(copy, name); })) continue;
    RETURN_IF_ERROR(cache.remove(copy.entry));
    say(fmt::format("removed {}", copy.entry.path.string()));
    n_bytes += copy.entry.n_bytes;
    ++n_files;
  }
  (void)cache.list();  // links to what is gone go too
  say(fmt::format("{} packed cop{} removed, {}", n_files, n_files == 1 ? "y" : "ies", human_bytes(n_bytes)));
  return {};
}

std::string as_json(const std::vector<Copy>& copies) {
  Json files = Json::array();
  for (const Copy& copy : copies) {
    files.push_back({{"path", copy.entry.path.string()},
                     {"model", copy.model.empty() ? Json() : Json(copy.model)},
                     {"model_path", copy.model_path.empty() ? Json() : Json(copy.model_path.string())},
                     {"bytes", copy.entry.n_bytes},
                     {"last_used", copy.entry.last_used}});
  }
  return dump_json(Json{{"files", std::move(files)}, {"max_bytes", store::PackCache::kMaxBytes}}, 2) + "\n";
}

std::string as_text(const std::vector<Copy>& copies) {
  Table table({{"model", Table::kLeft}, {"size", Table::kRight}, {"last used", Table::kLeft}, {"file", Table::kLeft}});
  std::uint64_t total = 0;
  for (const Copy& copy : copies) {
    total += copy.entry.n_bytes;
    const auto last_used = static_cast<std::time_t>(copy.entry.last_used);
    table.add({copy.model.empty() ? "(damaged)" : copy.model, human_bytes(copy.entry.n_bytes),
               fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(last_used)), copy.entry.path.string()});
  }
  return table.to_string() + fmt::format("{} of at most {}; carat cache --rm NAME removes one\n", human_bytes(total),
                                         human_bytes(store::PackCache::kMaxBytes));
}

Result<void> run_cache(const CacheCommand& c) {
  const store::PackCache cache = pack_cache();
  if (!c.remove.empty()) return remove_copies(cache, c.remove);
  const std::vector<Copy> copies = all_copies(cache);
  if (c.json) return write_stdout(as_json(copies));
  if (copies.empty()) {
    say("there are no packed copies");
    return {};
  }
  return write_stdout(as_text(copies));
}

}  // namespace

Action add_cache(CLI::App& command) {
  auto c = std::make_shared<CacheCommand>();
  command
      .add_option("--rm", c->remove,
                  "remove the copy of this model: its name or path, or that of the copy; all: every copy")
      ->type_name("NAME|all");
  command.add_flag("--json", c->json, "the same as one JSON object, in bytes and seconds since 1970");
  return [c] { return run_cache(*c); };
}

}  // namespace carat::cli
