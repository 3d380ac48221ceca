#include "cli/commands/rm.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/cache_options.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/term/confirm.h"
#include "store/add_model.h"

namespace carat::cli {
namespace {

struct RmOptions {
  std::vector<std::string> names;
  bool yes = false;
  bool json = false;
};

/// The packed copy that was made of a copied model is of no use any more; that of a model by reference stays beside
/// its file, for whoever names the file.
void remove_packed_copy(const store::StoredModel& model) {
  const store::PackCache cache = pack_cache();
  for (const auto& path : {store::PackCache::beside(model.path), cache.in_dir(model.path)}) {
    if (const auto entry = store::PackCache::look_at(path)) (void)cache.remove(*entry);
  }
}

Result<void> rm(const RmOptions& options) {
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
  std::vector<store::StoredModel> models;  // all are found before the first goes
  for (const std::string& name : options.names) {
    ASSIGN_OR_RETURN(store::StoredModel model, store.find(name));
    models.push_back(std::move(model));
  }
  Json removed = Json::array();
  for (const store::StoredModel& model : models) {
    const std::uint64_t n_bytes = store::own_bytes(model);
    if (n_bytes > 0 && !options.yes) {
      ASSIGN_OR_RETURN(const bool sure, confirm(fmt::format("{}: its {} are only in the store and would be gone",
                                                            model.name, human_bytes(n_bytes)),
                                                "Remove it?"));
      if (!sure) return cancelled(fmt::format("{} stays", model.name));
    }
    if (!model.linked) remove_packed_copy(model);
    RETURN_IF_ERROR(store::remove_model(model));
    say(n_bytes > 0 ? fmt::format("removed {}, {}", model.name, human_bytes(n_bytes))
                    : fmt::format("removed {}; the files it referred to stay", model.name));
    removed.push_back({{"name", model.name}, {"bytes", n_bytes}});
  }
  if (!options.json) return {};
  return write_stdout(dump_json(Json{{"removed", std::move(removed)}}) + "\n");
}

}  // namespace

Action add_rm(CLI::App& command) {
  auto options = std::make_shared<RmOptions>();
  command.add_option("MODEL", options->names, "names of models in the store")->required();
  command.add_flag("-y,--yes", options->yes, "do not ask");
  command.add_flag("--json", options->json, "what was removed, as one JSON object");
  return [options] { return rm(*options); };
}

}  // namespace carat::cli
