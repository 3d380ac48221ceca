#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cli/doctor/finding.h"
#include "store/data_dir.h"

namespace carat::cli {

// What doctor thinks of carat's folders and files. Nothing is created or changed (an existing file of chats is opened,
// which repairs what a crash left).

/// The data directory: there or can be made, private, writable, with room.
std::vector<Finding> data_findings(const store::Environment& environment);

/// The cache directory, and what the packed copies take.
Finding cache_finding();

Finding chats_finding(const store::Environment& environment);

/// A line for each model of the store, opened, against the memory that is available now; and one for CARAT_MODEL.
std::vector<Finding> model_findings(const store::Environment& environment, std::optional<std::int64_t> available_bytes);

}  // namespace carat::cli
