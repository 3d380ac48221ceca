#pragma once

#include <string>
#include <vector>

#include "cli/machine_facts.h"
#include "cli/stored_models.h"
#include "cli/term/terminal.h"

namespace carat::cli {

/// What `carat` alone says: this machine, the models found and whether they fit, what to do next.
struct Overview {
  MachineFacts machine;
  std::string isa;           ///< of the kernels that will be used
  double read_gb_per_s = 0;  ///< of all processors, measured just now; 0: not
  std::string models_dir;
  std::optional<std::uint64_t> free_disk_bytes;
  std::vector<StoredModelFacts> models;
  std::vector<std::string> problems;  ///< what could not be looked at, a sentence each
};

/// Looks, and measures for some hundredths of a second. What fails is one of its problems.
Overview look_around();

std::string overview_page(const Overview& overview, const Terminal& terminal);

}  // namespace carat::cli
