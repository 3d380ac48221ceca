#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/doctor/finding.h"
#include "cli/machine_facts.h"
#include "runtime/self_test.h"

namespace carat::cli {

// What doctor thinks of a machine: functions of values, so that a test can hand in any machine.

/// The kernel table that commands will run with.
struct ChosenIsa {
  std::string forced;  ///< CARAT_ISA; empty = not set
  Result<std::string> name = std::string("scalar");
  std::string best;  ///< what this processor can do
};

/// Processor, memory, huge pages, governor. `files_huge`: the file system of the models has huge pages.
std::vector<Finding> machine_findings(const MachineFacts& facts, bool files_huge);

/// The known-answer test, and what CARAT_ISA does.
std::vector<Finding> kernel_findings(const std::vector<runtime::KernelCheck>& checks, const ChosenIsa& isa);

/// `share` of the processors that others take (runtime/machine_load.h).
Finding neighbours_finding(double share);

}  // namespace carat::cli
