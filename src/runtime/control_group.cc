#include "runtime/control_group.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace carat::runtime {
namespace {

namespace fs = std::filesystem;

/// The files of a version, in a group's folder.
struct Version {
  const char* limit;
  const char* used;
  const char* cache_key;  ///< in memory.stat: pages of files that the kernel takes back first
};
constexpr Version kV1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
constexpr Version kV2 = {"memory.max", "memory.current", "inactive_file"};

// Version 1 says "no limit" with the largest multiple of a page.
constexpr std::int64_t kNoLimit = std::int64_t{1} << 60;

// Nothing where the file is missing or says "max".
std::optional<std::int64_t> read_number(const fs::path& path) {
  std::ifstream file(path);
  std::int64_t n = 0;
  if (file >> n) return n;
  return std::nullopt;
}

std::int64_t read_stat(const fs::path& path, std::string_view wanted) {
  std::ifstream file(path);
  std::string key;
  for (std::int64_t value = 0; file >> key >> value;) {
    if (key == wanted) return value;
  }
  return 0;
}

void take_least(std::optional<std::int64_t>& least, std::int64_t value) {
  least = least ? std::min(*least, value) : value;
}

// A group and all above it: the limit of each holds.
void read_groups(const fs::path& top, const fs::path& group, const Version& version, ControlGroupMemory& memory) {
  fs::path folder = top;
  const auto read = [&] {
    const auto limit = read_number(folder / version.limit);
    if (!limit || *limit >= kNoLimit) return;
    take_least(memory.limit_bytes, *limit);
    const auto used = read_number(folder / version.used);
    if (!used) return;
    const std::int64_t kept = *used - read_stat(folder / "memory.stat", version.cache_key);
    take_least(memory.available_bytes, std::max<std::int64_t>(0, *limit - std::max<std::int64_t>(0, kept)));
  };
  read();
  for (const fs::path& part : group.relative_path()) {
    if (part == "..") return;  // outside of what this namespace shows
    folder /= part;
    read();
  }
}

}  // namespace

ControlGroupMemory control_group_memory(const fs::path& root) {
  ControlGroupMemory memory;
  const fs::path groups = root / "sys/fs/cgroup";
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "4:memory:/a/b", "0::/a/b"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") {
      read_groups(groups, group, kV2, memory);
      read_groups(groups / "unified", group, kV2, memory);
    } else if (controllers.find(",memory,") != std::string::npos) {
      read_groups(groups / "memory", group, kV1, memory);
    }
  }
  return memory;
}

}  // namespace carat::runtime
