#include "cli/commands/doctor.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/json.h"
#include "cli/doctor/file_findings.h"
#include "cli/doctor/machine_findings.h"
#include "cli/output.h"
#include "cli/reference/help_text.h"
#include "cli/term/terminal.h"
#include "cli/term/text_width.h"
#include "cli/version.h"
#include "kernels/arithmetic_version.h"
#include "kernels/isa.h"
#include "runtime/exec_context.h"
#include "runtime/machine_load.h"

namespace carat::cli {
namespace {

// Neighbours that work now and then are seen in so long; the self-test takes a part of it.
constexpr double kWatchSeconds = 0.3;

struct Report {
  MachineFacts machine;
  ChosenIsa isa;
  std::vector<runtime::KernelCheck> kernels;
  double others_share = 0;
  std::vector<Finding> findings;
};

ChosenIsa chosen_isa() {
  ChosenIsa isa;
  if (const char* forced = std::getenv("CARAT_ISA")) isa.forced = forced;
  isa.best = kernels::best_isa_target().name;
  const auto context = runtime::ExecContext::create({.n_threads = 1});
  isa.name = context ? Result<std::string>(std::string((*context)->isa_name())) : context.error();
  return isa;
}

Result<Report> examine() {
  const store::Environment environment = store::Environment::of_process();
  const runtime::OthersWatch watch;
  Report report{.machine = machine_facts(), .isa = chosen_isa()};
  ASSIGN_OR_RETURN(report.kernels, runtime::check_all_kernels());
  const auto data = store::data_dir(environment);
  const bool files_huge = data && file_system_has_huge_pages(*data);
  const double rest = kWatchSeconds - watch.seconds();
  if (rest > 0) std::this_thread::sleep_for(std::chrono::duration<double>(rest));
  report.others_share = watch.share();

  std::vector<Finding>& all = report.findings;
  const auto append = [&](std::vector<Finding> more) { all.insert(all.end(), more.begin(), more.end()); };
  append(machine_findings(report.machine, files_huge));
  all.push_back(neighbours_finding(report.others_share));
  append(kernel_findings(report.kernels, report.isa));
  append(data_findings(environment));
  all.push_back(cache_finding());
  all.push_back(chats_finding(environment));
  append(model_findings(environment, report.machine.available_bytes));
  return report;
}

std::string_view name_of(Finding::State state) {
  switch (state) {
    case Finding::State::kOk:
      return "ok";
    case Finding::State::kNote:
      return "note";
    case Finding::State::kProblem:
      return "problem";
  }
  return "";
}

std::string in_colour(const Style& style, Finding::State state, const std::string& text) {
  switch (state) {
    case Finding::State::kOk:
      return style.green(text);
    case Finding::State::kNote:
      return style.yellow(text);
    case Finding::State::kProblem:
      return style.red(text);
  }
  return text;
}

/// Behind `left` columns; broken into lines on a terminal only, so that a pipe gets a line each.
std::string beside(const std::string& text, std::size_t left, const Terminal& terminal) {
  const auto columns = static_cast<std::size_t>(std::max(terminal.columns, 0));
  if (!terminal.interactive || columns < left + 20) return text;
  return wrap(text, columns - left, left);
}

std::string as_text(const Report& report, const Terminal& terminal) {
  const Style style(terminal);
  std::size_t width = 0;
  for (const Finding& f : report.findings) width = std::max(width, std::size_t(display_width(f.topic)));
  const auto padded = [&](const std::string& topic) {
    return topic + std::string(width - std::size_t(display_width(topic)), ' ');
  };
  std::string text = style.bold(version_line()) + "\n\n", advice;
  for (const Finding& f : report.findings) {
    text += fmt::format("{}  {}  {}\n", in_colour(style, f.state, fmt::format("{:<7}", name_of(f.state))),
                        padded(f.topic), beside(f.text, width + 11, terminal));
    if (!f.advice.empty()) {
      advice += fmt::format("  {}  {}\n", padded(f.topic), beside(f.advice, width + 4, terminal));
    }
  }
  if (!advice.empty()) text += "\n" + style.bold("What to do") + "\n" + advice;
  return text;
}

Json or_null(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(); }
Json or_null(const std::optional<std::string>& value) { return value ? Json(*value) : Json(); }

std::string as_json(const Report& report) {
  const MachineFacts& m = report.machine;
  Json tables = Json::array();
  for (const kernels::IsaTarget& target : kernels::isa_targets()) {
    const auto check = std::find_if(report.kernels.begin(), report.kernels.end(),
                                    [&](const runtime::KernelCheck& c) { return c.isa == target.name; });
    const bool tried = check != report.kernels.end();
    tables.push_back({{"name", target.name},
                      {"needs", target.needs},
                      {"supported", tried},
                      {"answers", tried ? check->n_ops : 0},
                      {"wrong", tried ? Json(check->wrong) : Json::array()}});
  }
  Finding::State worst = Finding::State::kOk;
  Json findings = Json::array();
  for (const Finding& f : report.findings) {
    worst = std::max(worst, f.state);
    findings.push_back({{"state", name_of(f.state)},
                        {"topic", f.topic},
                        {"text", f.text},
                        {"advice", f.advice.empty() ? Json() : Json(f.advice)}});
  }
  const Json out = {{"version", version()},
                    {"commit", commit()},
                    {"arithmetic", kernels::kArithmeticVersion},
                    {"state", name_of(worst)},
                    {"machine",
                     {{"cpu", or_null(m.cpu)},
                      {"n_processors", m.n_processors},
                      {"memory_bytes", or_null(m.memory_bytes)},
                      {"available_bytes", or_null(m.available_bytes)},
                      {"limit_bytes", or_null(m.limit_bytes)},
                      {"swap_bytes", or_null(m.swap_bytes)},
                      {"huge_pages", or_null(m.huge_pages)},
                      {"governor", or_null(m.governor)},
                      {"others_share", report.others_share}}},
                    {"isa", report.isa.name ? Json(*report.isa.name) : Json()},
                    {"forced_isa", report.isa.forced.empty() ? Json() : Json(report.isa.forced)},
                    {"tables", std::move(tables)},
                    {"findings", std::move(findings)}};
  return dump_json(out, 2) + "\n";
}

/// A wrong kernel is worse than a file, and that than a setting.
Result<void> verdict(const std::vector<Finding>& findings) {
  std::optional<ErrorCode> code;
  int n_problems = 0;
  for (const Finding& f : findings) {
    if (f.state != Finding::State::kProblem) continue;
    ++n_problems;
    const bool worse = f.code == ErrorCode::kInternal || (f.code == ErrorCode::kIo && code != ErrorCode::kInternal);
    if (!code || worse) code = f.code;
  }
  if (!code) return {};
  return Error(*code, fmt::format("{} problem{} found; the report says what to do about {}", n_problems,
                                  n_problems == 1 ? "" : "s", n_problems == 1 ? "it" : "each"));
}

Result<void> doctor(bool json) {
  ASSIGN_OR_RETURN(const Report report, examine());
  RETURN_IF_ERROR(write_stdout(json ? as_json(report) : as_text(report, terminal_of(STDOUT_FILENO))));
  return verdict(report.findings);
}

}  // namespace

Action add_doctor(CLI::App& command) {
  auto json = std::make_shared<bool>(false);
  command.add_flag("--json", *json, "the same as one JSON object, sizes in bytes");
  return [json] { return doctor(*json); };
}

}  // namespace carat::cli
