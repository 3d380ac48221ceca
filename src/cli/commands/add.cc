#include "cli/commands/add.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/stored_models.h"
#include "cli/term/progress.h"
#include "formats/model_source.h"
#include "model/checkpoint.h"
#include "store/add_model.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

struct AddCommand {
  std::string name;
  std::vector<std::string> files;
  bool copy = false;
  bool json = false;
};

/// One of them must be a model that carat reads; of a split one all parts are taken.
Result<std::vector<fs::path>> model_files(const std::vector<std::string>& given) {
  std::vector<fs::path> files;
  const auto take = [&](const fs::path& path) {
    std::error_code ignored;
    const auto same = [&](const fs::path& other) { return fs::equivalent(path, other, ignored); };
    if (std::none_of(files.begin(), files.end(), same)) files.push_back(path);
  };
  std::optional<Error> problem;
  bool found = false;
  for (const std::string& file : given) {
    auto checkpoint = model::Checkpoint::open(file);
    if (!checkpoint && !problem) problem = checkpoint.error();
    if (checkpoint) {
      found = true;
      if (checkpoint->source.gguf) {
        for (const fs::path& part : checkpoint->source.gguf->paths()) take(part);
        continue;
      }
      take(checkpoint->source.folder->path);
      continue;
    }
    take(file);
  }
  if (!found) return *std::move(problem);
  return files;
}

Result<void> add(const AddCommand& c) {
  ASSIGN_OR_RETURN(const store::ModelName name, store::ModelName::parse(c.name));
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, model_files(c.files));
  Progress progress("copying");
  store::AddOptions options{.copy = c.copy};
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.at(done, total); };
  ASSIGN_OR_RETURN(const store::StoredModel model, store::add_model(store, name, files, options));
  progress.clear();
  const StoredModelFacts facts = look_into(model);
  say(fmt::format("{} is in the store{}: {}, {}; carat {} -m {} uses it", model.name, c.copy ? "" : " by reference",
                  facts.title, human_bytes(facts.n_bytes), facts.chat_format.empty() ? "ask" : "chat", model.name));
  if (!c.json) return {};
  return write_stdout(dump_json(Json{{"name", model.name},
                                     {"path", model.path.string()},
                                     {"by_reference", model.linked},
                                     {"bytes", facts.n_bytes}}) +
                      "\n");
}

}  // namespace

Action add_add(CLI::App& command) {
  auto c = std::make_shared<AddCommand>();
  command.add_option("NAME", c->name, "what it will be called")->required();
  command
      .add_option("FILE", c->files,
                  "a GGUF file (any part of a split one), or a Hugging Face folder; with it a projector or a drafter")
      ->required();
  command.add_flag("--copy", c->copy, "copy the bytes, so that the original may go; else the model stays where it is");
  command.add_flag("--json", c->json, "what was added, as one JSON object");
  return [c] { return add(*c); };
}

}  // namespace carat::cli
