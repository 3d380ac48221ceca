#include "cli/overview.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/quantities.h"
#include "cli/table.h"
#include "cli/term/safe_text.h"
#include "cli/version.h"
#include "kernels/machine_peak.h"
#include "runtime/exec_context.h"
#include "store/add_model.h"

namespace carat::cli {
namespace {

/// Of the read bandwidth, what generation reaches (bench/README.md).
constexpr double kReached = 0.85;

std::string size(std::int64_t bytes) { return human_bytes(static_cast<std::uint64_t>(bytes)); }

std::string machine_line(const Overview& o) {
  const MachineFacts& m = o.machine;
  std::string line = fmt::format("{}, {} thread{} ({})", m.cpu.value_or("unknown processor"), m.n_processors,
                                 m.n_processors == 1 ? "" : "s", o.isa.empty() ? "no kernels" : o.isa);
  const auto memory = m.limit_bytes ? m.limit_bytes : m.memory_bytes;
  if (memory) line += fmt::format(" · {} memory", size(*memory));
  if (m.available_bytes) line += fmt::format(" ({} free)", size(*m.available_bytes));
  if (o.free_disk_bytes) line += fmt::format(" · {} disk free", human_bytes(*o.free_disk_bytes));
  return line;
}

std::string fits(const StoredModelFacts& model, const MachineFacts& machine) {
  if (!machine.available_bytes) return "";
  const std::int64_t spare = *machine.available_bytes - model.memory_bytes;
  if (spare < 0) return fmt::format("no: {} short", size(-spare));
  return spare < *machine.available_bytes / 8 ? "just" : "yes";
}

std::string models_table(const Overview& o) {
  Table table({{"name", Table::kLeft},
               {"model", Table::kLeft},
               {"kind", Table::kLeft},
               {"file", Table::kRight},
               {"memory", Table::kRight},
               {"speed", Table::kRight},
               {"fits", Table::kLeft}});
  for (const StoredModelFacts& m : o.models) {
    if (!m.problem.empty()) {
      table.add({safe_line(m.stored.name), "", std::string(kind_of(m)), "", "", "", ""});
      continue;
    }
    const double tokens = m.token_bytes > 0 ? kReached * o.read_gb_per_s * 1e9 / m.token_bytes : 0;
    table.add({safe_line(m.stored.name), safe_line(m.title), std::string(kind_of(m)), human_bytes(m.n_bytes),
               size(m.memory_bytes), tokens > 0 ? fmt::format("~{:.0f} tok/s", tokens) : "", fits(m, o.machine)});
  }
  return table.to_string();
}

/// The largest chat model that fits, else the largest that does.
const StoredModelFacts* recommended(const Overview& o) {
  const StoredModelFacts* best = nullptr;
  const auto rank = [](const StoredModelFacts& m) { return std::pair(!m.chat_format.empty(), m.memory_bytes); };
  for (const StoredModelFacts& m : o.models) {
    if (!m.problem.empty() || m.drafter || !store::is_plain_name(m.stored.name)) continue;
    if (o.machine.available_bytes && m.memory_bytes > *o.machine.available_bytes) continue;
    if (best == nullptr || rank(*best) < rank(m)) best = &m;
  }
  return best;
}

std::string next_steps(const Overview& o) {
  Table steps({{"", Table::kLeft}, {"", Table::kLeft}});
  const StoredModelFacts* model = recommended(o);
  if (model != nullptr) {
    const std::string choice = o.models.size() > 1 ? " -m " + model->stored.name : "";
    if (model->chat_format.empty()) {
      steps.add({fmt::format("carat ask \"Once upon a time\"{}", choice), "a base model: it continues text"});
    } else {
      steps.add({fmt::format("carat chat{}", choice), "talk"});
      steps.add({fmt::format("carat ask \"Where is the bug?\" --file trace.txt{}", choice), "one answer"});
    }
    steps.add({fmt::format("carat show {}", model->stored.name), "what it is made of"});
  }
  steps.add({"carat add NAME FILE", "a model of yours: a GGUF file, a Hugging Face folder"});
  steps.add({"carat doctor", "is all well here?"});
  steps.add({"carat help", "everything"});
  const std::string text = steps.to_string();
  return text.substr(text.find('\n') + 1);  // without titles
}

}  // namespace

Overview look_around() {
  Overview o;
  o.machine = machine_facts();
  const auto measured = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(const auto exec, runtime::ExecContext::create({}));
    o.isa = exec->isa_name();
    ASSIGN_OR_RETURN(const auto peak, kernels::MachinePeak::create());
    o.read_gb_per_s = peak.read_gb_per_s(exec->pool());
    return {};
  }();
  if (!measured) o.problems.push_back(measured.error().to_string());
  const auto listed = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
    o.models_dir = store.models_dir();
    o.free_disk_bytes = free_bytes(store.models_dir());
    ASSIGN_OR_RETURN(o.models, stored_models(store));
    return {};
  }();
  if (!listed) o.problems.push_back(listed.error().to_string());
  return o;
}

std::string overview_page(const Overview& o, const Terminal& terminal) {
  const Style style(terminal);
  std::string text = version_line() + "\n" + machine_line(o) + "\n\n";
  for (const std::string& problem : o.problems) text += safe_line(problem) + "; see carat doctor\n\n";
  if (o.models_dir.empty()) return text + style.bold("Next") + "\n" + next_steps(o);
  if (o.models.empty()) {
    text += fmt::format("There is no model in {} yet.\n", safe_line(o.models_dir));
  } else {
    text += style.bold("Models") + fmt::format(" in {}\n", safe_line(o.models_dir)) + models_table(o);
    text += style.dim(fmt::format("  memory: at context {}; speed: estimated from {:.0f} GB/s measured now",
                                  grouped(kUsualContext), o.read_gb_per_s)) +
            "\n";
  }
  return text + "\n" + style.bold("Next") + "\n" + next_steps(o) +
         style.dim("Private: nothing leaves this machine; carat opens no connections.") + "\n";
}

}  // namespace carat::cli
