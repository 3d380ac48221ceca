#include "cli/commands/list.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/json.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/stored_models.h"
#include "cli/table.h"
#include "cli/term/safe_text.h"
#include "store/add_model.h"

namespace carat::cli {
namespace {

struct ListOptions {
  bool names = false;
  bool json = false;
};

std::string as_json(const std::vector<StoredModelFacts>& models) {
  Json list = Json::array();
  for (const StoredModelFacts& m : models) {
    const bool opened = m.problem.empty();
    list.push_back({{"name", m.stored.name},
                    {"path", m.stored.path.string()},
                    {"by_reference", m.stored.linked},
                    {"problem", opened ? Json() : Json(m.problem)},
                    {"title", opened ? Json(m.title) : Json()},
                    {"architecture", opened ? Json(m.architecture) : Json()},
                    {"chat_format", m.chat_format.empty() ? Json() : Json(m.chat_format)},
                    {"bytes", m.n_bytes},
                    {"context", m.context},
                    {"memory_bytes", m.memory_bytes}});
  }
  return dump_json(Json{{"models", std::move(list)}}, 2) + "\n";
}

std::string as_text(const std::vector<StoredModelFacts>& models) {
  Table table({{"name", Table::kLeft},
               {"model", Table::kLeft},
               {"kind", Table::kLeft},
               {"file", Table::kRight},
               {"memory", Table::kRight},
               {"where", Table::kLeft}});
  std::string problems;
  for (const StoredModelFacts& m : models) {
    const bool opened = m.problem.empty();
    std::error_code ignored;
    const std::string where =
        m.stored.linked ? fmt::format("→ {}", std::filesystem::weakly_canonical(m.stored.path, ignored).string())
                        : "in the store";
    table.add({safe_line(m.stored.name), safe_line(m.title), std::string(kind_of(m)),
               opened ? human_bytes(m.n_bytes) : "",
               opened ? human_bytes(static_cast<std::uint64_t>(m.memory_bytes)) : "", safe_line(where)});
    if (!opened) problems += safe_text(fmt::format("{}: {}\n", m.stored.name, m.problem));
  }
  return table.to_string() + fmt::format("memory: the plan at context {}\n", grouped(kUsualContext)) + problems;
}

Result<void> list(const ListOptions& options) {
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
  if (options.names) {
    ASSIGN_OR_RETURN(const auto models, store.list());
    std::string names;  // those that may be typed as they are; shells complete with them
    for (const store::StoredModel& model : models) {
      if (store::is_plain_name(model.name)) names += model.name + "\n";
    }
    return write_stdout(names);
  }
  ASSIGN_OR_RETURN(const std::vector<StoredModelFacts> models, stored_models(store));
  if (options.json) return write_stdout(as_json(models));
  if (models.empty()) {
    say("there is no model in the store yet; carat add NAME FILE puts one there");
    return {};
  }
  return write_stdout(as_text(models));
}

}  // namespace

Action add_list(CLI::App& command) {
  auto options = std::make_shared<ListOptions>();
  command.add_flag("--names", options->names, "only the names, a line each; opens no model");
  command.add_flag("--json", options->json, "the same as one JSON object, in bytes");
  return [options] { return list(*options); };
}

}  // namespace carat::cli
