#include "cli/doctor/machine_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/quantities.h"
#include "cli/term/safe_text.h"
#include "runtime/machine_load.h"

namespace carat::cli {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

std::string size(std::int64_t bytes) { return human_bytes(static_cast<std::uint64_t>(bytes)); }

Finding processor_finding(const MachineFacts& facts) {
  return fine("processor", fmt::format("{}; {} processor{} for carat", safe_line(facts.cpu.value_or("of unknown name")),
                                       facts.n_processors, facts.n_processors == 1 ? "" : "s"));
}

Finding memory_finding(const MachineFacts& facts) {
  if (!facts.memory_bytes) {
    return note("memory", "unknown: /proc/meminfo does not say", "mount /proc, so that memory plans can be checked");
  }
  std::string text = size(*facts.memory_bytes);
  if (facts.limit_bytes) text += fmt::format(", of which a control group allows {}", size(*facts.limit_bytes));
  if (facts.available_bytes) text += fmt::format("; {} available", size(*facts.available_bytes));
  if (facts.swap_bytes)
    text += *facts.swap_bytes == 0 ? "; no swap" : fmt::format("; swap {}", size(*facts.swap_bytes));
  if (facts.available_bytes && *facts.available_bytes < kGiB) {
    return note("memory", std::move(text),
                facts.limit_bytes ? "close other programs of this control group, or raise its limit"
                                  : "close other programs; less than 1 GiB is enough for the smallest models only");
  }
  return fine("memory", std::move(text));
}

Finding huge_pages_finding(const MachineFacts& facts, bool files_huge) {
  constexpr const char* kCommand = "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled";
  if (!facts.huge_pages) {
    return note("huge pages", "this kernel has none; weights are read more slowly",
                "use a kernel with CONFIG_TRANSPARENT_HUGEPAGE (every Linux distribution's has it)");
  }
  if (*facts.huge_pages == "never") {
    return note("huge pages", "never; weights are read more slowly", fmt::format("run: {}", kCommand));
  }
  std::string text = fmt::format("{}: packed weights get them", safe_line(*facts.huge_pages));
  if (!facts.kernel_maps_files_huge) {
    text += " in memory; packed copies that are mapped would need Linux 6.16";
  } else if (!files_huge) {
    text += " in memory; packed copies that are mapped would need ext4 or XFS";
  }
  return fine("huge pages", std::move(text));
}

std::optional<Finding> governor_finding(const MachineFacts& facts) {
  if (!facts.governor) return std::nullopt;
  std::string text = safe_line(*facts.governor);
  if (facts.governor_driver) text += fmt::format(" ({})", safe_line(*facts.governor_driver));
  // With these drivers the processor itself raises its frequency under load, also as "powersave".
  const bool own = facts.governor_driver && (facts.governor_driver->starts_with("intel_pstate") ||
                                             facts.governor_driver->starts_with("amd-pstate-epp"));
  if (*facts.governor == "powersave" && !own) {
    return note(
        "governor", text + ": the processors stay at their lowest frequency",
        "run: echo schedutil | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor (or performance)");
  }
  return fine("governor", std::move(text));
}

}  // namespace

std::vector<Finding> machine_findings(const MachineFacts& facts, bool files_huge) {
  std::vector<Finding> findings = {processor_finding(facts), memory_finding(facts),
                                   huge_pages_finding(facts, files_huge)};
  if (auto governor = governor_finding(facts)) findings.push_back(std::move(*governor));
  return findings;
}

std::vector<Finding> kernel_findings(const std::vector<runtime::KernelCheck>& checks, const ChosenIsa& isa) {
  std::vector<Finding> findings;
  std::vector<std::string> right;
  int n_ops = 0;
  for (const runtime::KernelCheck& check : checks) {
    if (check.wrong.empty()) right.push_back(check.isa);
    n_ops = std::max(n_ops, check.n_ops);
  }
  if (!isa.name) {
    findings.push_back(problem("kernels", isa.name.error().to_string(), "unset CARAT_ISA", isa.name.error().code()));
  } else if (!isa.forced.empty() && *isa.name != isa.best) {
    findings.push_back(
        note("kernels", fmt::format("CARAT_ISA forces {}; {} is faster here", *isa.name, isa.best), "unset CARAT_ISA"));
  } else {
    findings.push_back(fine("kernels", fmt::format("{} in use", *isa.name)));
  }
  for (const runtime::KernelCheck& check : checks) {
    if (check.wrong.empty()) continue;
    std::string advice = "a bug of carat's or a fault of this processor: please report it";
    if (!right.empty()) advice += fmt::format("; CARAT_ISA={} avoids these kernels", right.back());
    findings.push_back(problem("self-test",
                               fmt::format("{}: {} of {} known answers are wrong: {}", check.isa, check.wrong.size(),
                                           check.n_ops, fmt::join(check.wrong, ", ")),
                               std::move(advice), ErrorCode::kInternal));
  }
  if (!right.empty()) {
    findings.push_back(
        fine("self-test", fmt::format("{}: all {} known answers are right", fmt::join(right, ", "), n_ops)));
  }
  return findings;
}

Finding neighbours_finding(double share) {
  const std::string text = fmt::format("other programs take {:.0f} % of the processors", 100 * share);
  if (share < runtime::kQuietShare) return fine("neighbours", text);
  return note("neighbours", text + " now", "answers come slower while others work; top shows who it is");
}

}  // namespace carat::cli
