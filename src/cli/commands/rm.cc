#include "cli/commands/rm.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
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

/// The packed copies of a model, wherever it really is (PackCache follows links).
std::vector<store::PackCache::Entry> packed_copies(const store::StoredModel& model) {
  std::vector<store::PackCache::Entry> copies;
  for (const auto& path : {store::PackCache::beside(model.path), pack_cache().in_dir(model.path)}) {
    if (auto entry = store::PackCache::look_at(path)) copies.push_back(*std::move(entry));
  }
  return copies;
}

/// All of them, each once, before the first goes.
Result<std::vector<store::StoredModel>> models_of(const RmOptions& options) {
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
  std::vector<store::StoredModel> models;
  for (const std::string& name : options.names) {
    ASSIGN_OR_RETURN(store::StoredModel model, store.find(name));
    const auto same = [&](const store::StoredModel& other) { return other.entry == model.entry; };
    if (std::none_of(models.begin(), models.end(), same)) models.push_back(std::move(model));
  }
  for (const store::StoredModel& model : models) {
    const std::uint64_t n_bytes = store::own_bytes(model);
    if (n_bytes == 0 || options.yes) continue;
    ASSIGN_OR_RETURN(const bool sure, confirm(fmt::format("{}: its {} are only in the store and would be gone",
                                                          model.name, human_bytes(n_bytes)),
                                              "Remove it?"));
    if (!sure) return cancelled(fmt::format("nothing was removed; {} stays", model.name));
  }
  return models;
}

Result<void> rm(const RmOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<store::StoredModel> models, models_of(options));
  Json removed = Json::array();
  for (const store::StoredModel& model : models) {
    const std::uint64_t n_bytes = store::own_bytes(model);
    const std::vector<store::PackCache::Entry> copies = packed_copies(model);
    RETURN_IF_ERROR(store::remove_model(model));
    say(n_bytes > 0 ? fmt::format("removed {}, {}", model.name, human_bytes(n_bytes))
                    : fmt::format("removed {}; the files it referred to stay", model.name));
    for (const store::PackCache::Entry& copy : copies) {
      if (model.linked) {  // whoever names the file itself still has use for it
        say(fmt::format("its packed copy of {} stays too; carat cache --rm {} removes it", human_bytes(copy.n_bytes),
                        copy.path.string()));
      } else {
        (void)pack_cache().remove(copy);
      }
    }
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
