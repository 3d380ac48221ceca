#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace carat::runtime {

/// What the control groups of this process (a container, a systemd slice) leave it of the machine's memory.
struct ControlGroupMemory {
  std::optional<std::int64_t> limit_bytes;      ///< the lowest limit of its group and those above; nothing: no limit
  std::optional<std::int64_t> available_bytes;  ///< the least that is left below a limit, file cache counted as free
};

/// Both versions of control groups. `root` holds proc and sys, for tests.
ControlGroupMemory control_group_memory(const std::filesystem::path& root = "/");

}  // namespace carat::runtime
