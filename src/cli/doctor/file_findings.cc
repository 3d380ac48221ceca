#include "cli/doctor/file_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "cli/cache_options.h"
#include "cli/doctor/folder_state.h"
#include "cli/machine_facts.h"
#include "cli/quantities.h"
#include "cli/stored_models.h"
#include "cli/term/safe_text.h"
#include "store/chat_store.h"
#include "store/model_store.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLittleSpace = std::uint64_t{1} << 30;
constexpr unsigned kOthers = 077;  // permission bits of everybody but the owner

std::string shown(const fs::path& path) { return safe_line(path.string()); }

/// For a command line: quoted where a shell would read it otherwise.
std::string for_shell(const fs::path& path) {
  const std::string text = shown(path);
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string how_to_write(const FolderState& state) {
  if (!state.is_folder) return fmt::format("move {} away", for_shell(state.at));
  return fmt::format("run: chmod u+rwx {} (on a read-only file system: set XDG_DATA_HOME to a folder elsewhere)",
                     for_shell(state.at));
}

std::string problem_of(const FolderState& state, const fs::path& folder) {
  if (state.at == folder) return fmt::format("{}: {}", shown(folder), state.why_not);
  return fmt::format("{} cannot be made: {}: {}", shown(folder), shown(state.at), state.why_not);
}

Finding space_finding(const fs::path& data) {
  const auto bytes = free_bytes(data);
  if (!bytes) return note("space", fmt::format("{}: cannot tell how much is free", shown(data)), "");
  std::string text = fmt::format("{} free for {}", human_bytes(*bytes), shown(data));
  if (*bytes >= kLittleSpace) return fine("space", std::move(text));
  return note("space", std::move(text),
              "free some before adding models: carat cache lists the packed copies, carat cache --rm NAME removes one");
}

/// False only when it is certain that nothing of that name exists.
bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

}  // namespace

std::vector<Finding> data_findings(const store::Environment& environment) {
  const auto data = store::data_dir(environment);
  if (!data) return {problem("store", data.error().to_string(), "set HOME or XDG_DATA_HOME")};
  const FolderState state = look_at_folder(*data);
  if (!state.usable) return {problem("store", problem_of(state, *data), how_to_write(state))};
  std::vector<Finding> findings;
  if (!state.exists) {
    findings.push_back(fine("store", fmt::format("{}, not there yet; made when it is needed", shown(*data))));
  } else if ((state.mode & kOthers) != 0) {
    findings.push_back(
        note("store", fmt::format("{} has mode {}: others may see your chats", shown(*data), mode_text(state.mode)),
             fmt::format("run: chmod 700 {}", for_shell(*data))));
  } else {
    findings.push_back(fine("store", fmt::format("{}, mode {}", shown(*data), mode_text(state.mode))));
  }
  findings.push_back(space_finding(*data));
  return findings;
}

Finding cache_finding() {
  const store::PackCache cache = pack_cache();
  if (cache.dir().empty()) return note("cache", "there is no home folder for it", "set HOME or XDG_CACHE_HOME");
  const FolderState state = look_at_folder(cache.dir());
  if (!state.usable) {
    return note("cache", problem_of(state, cache.dir()),
                "models in folders that cannot be written are packed anew at each start; set XDG_CACHE_HOME to a "
                "folder that can be written");
  }
  std::uint64_t n_bytes = 0;
  std::size_t n_copies = 0;
  if (state.exists) {
    for (const auto& entry : cache.list()) {
      n_bytes += entry.n_bytes;
      ++n_copies;
    }
  }
  if (n_copies == 0) return fine("cache", fmt::format("{}, no packed copies", shown(cache.dir())));
  return fine("cache", fmt::format("{}, {} packed cop{} of {} in all", shown(cache.dir()), n_copies,
                                   n_copies == 1 ? "y" : "ies", human_bytes(n_bytes)));
}

namespace {

std::string how_to_open(ErrorCode code, const fs::path& chats) {
  switch (code) {
    case ErrorCode::kIo:
      return fmt::format("run: chmod u+rw {}* (and chmod u+rwx {})", for_shell(chats), for_shell(chats.parent_path()));
    case ErrorCode::kUnsupported:
      return "use the newer carat, or set XDG_DATA_HOME to another folder";
    default:
      return fmt::format("move {} and what lies beside it away; carat then begins a new one", for_shell(chats));
  }
}

}  // namespace

Finding chats_finding(const store::Environment& environment) {
  const auto data = store::data_dir(environment);
  if (!data) return problem("chats", data.error().to_string(), "set HOME or XDG_DATA_HOME");
  const fs::path path = *data / "chats.sqlite";
  if (!is_there(path)) return fine("chats", "none are kept yet");
  const auto chats = store::ChatStore::open(environment);
  if (!chats) {
    return problem("chats", safe_line(chats.error().to_string()), how_to_open(chats.error().code(), path));
  }
  const auto list = chats->list();
  if (!list) {
    return problem("chats", safe_line(list.error().to_string()), "run carat doctor again: it repairs what it can");
  }
  std::string text = fmt::format("{} kept", list->size());
  if (!chats->notes().empty()) {
    return note("chats", std::move(text), safe_line(fmt::format("{}", fmt::join(chats->notes(), "; "))));
  }
  return fine("chats", std::move(text));
}

namespace {

/// The models of the store; nothing where there is no store yet. Errors: kIo.
Result<std::vector<store::StoredModel>> models_of(const store::Environment& environment) {
  ASSIGN_OR_RETURN(const fs::path data, store::data_dir(environment));
  if (!is_there(data / "models")) return std::vector<store::StoredModel>();  // open() would make it
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(environment));
  return store.list();
}

Finding model_finding(const store::StoredModel& model, std::optional<std::int64_t> available_bytes) {
  const std::string name = safe_line(model.name) + ": ";
  const std::string removal = fmt::format("run: carat rm {}", for_shell(model.name));
  if (model.broken) {
    return problem("model", name + "the file it refers to is no longer there", "put the file back, or " + removal);
  }
  const StoredModelFacts facts = look_into(model);
  if (!facts.problem.empty()) {
    return problem("model", name + safe_line(facts.problem),
                   "make it readable, copy or download it again, or " + removal);
  }
  std::string text = fmt::format("{}{}; needs {} at context {}", name, safe_line(facts.title),
                                 human_bytes(static_cast<std::uint64_t>(facts.memory_bytes)),
                                 grouped(static_cast<std::uint64_t>(facts.context)));
  if (facts.drafter) return fine("model", text + ", beside the model it drafts for");
  if (!available_bytes || facts.memory_bytes <= *available_bytes) return fine("model", std::move(text));
  return note("model",
              fmt::format("{}; {} is available", text, human_bytes(static_cast<std::uint64_t>(*available_bytes))),
              "close other programs, use a shorter --context, or a smaller or more compressed model");
}

Finding default_finding(const std::string& carat_model, const std::vector<store::StoredModel>& models) {
  std::error_code ignored;
  const bool known = fs::exists(carat_model, ignored) ||
                     std::any_of(models.begin(), models.end(), [&](const store::StoredModel& model) {
                       return model.name == carat_model || model.name + ".gguf" == carat_model;
                     });
  const std::string text = "CARAT_MODEL is " + safe_line(carat_model);
  return known ? fine("default", text)
               : problem("default", text + ": no such file, and no model of that name",
                         "set CARAT_MODEL to a path or to a name that carat list shows, or unset it");
}

}  // namespace

std::vector<Finding> model_findings(const store::Environment& environment,
                                    std::optional<std::int64_t> available_bytes) {
  std::vector<Finding> findings;
  const auto models = models_of(environment);
  if (!models) {
    return {problem("models", safe_line(models.error().to_string()),
                    "make the folder readable (chmod u+rwx), or set XDG_DATA_HOME")};
  }
  for (const store::StoredModel& model : *models) findings.push_back(model_finding(model, available_bytes));
  if (models->empty()) {
    findings.push_back(note("models", "there is none in the store", "run: carat add NAME FILE"));
  }
  if (!environment.carat_model.empty()) findings.push_back(default_finding(environment.carat_model, *models));
  return findings;
}

}  // namespace carat::cli
