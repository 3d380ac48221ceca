#include "cli/machine_facts.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/thread_pool.h"
#include "runtime/control_group.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::pair<int, int> kFilesInHugePages = {6, 16};  // Linux

std::optional<std::string> first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || trim(line).empty()) return std::nullopt;
  return std::string(trim(line));
}

std::optional<std::string> cpu_name(const fs::path& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(':');
    const std::string_view name = colon == std::string::npos ? "" : trim(std::string_view(line).substr(colon + 1));
    if (!name.empty()) return std::string(name);
  }
  return std::nullopt;
}

// Lines of "MemTotal:       24684092 kB".
void read_meminfo(const fs::path& path, MachineFacts& facts) {
  const std::pair<std::string_view, std::optional<std::int64_t>*> wanted[] = {
      {"MemTotal:", &facts.memory_bytes}, {"MemAvailable:", &facts.available_bytes}, {"SwapTotal:", &facts.swap_bytes}};
  std::ifstream file(path);
  std::string key, rest;
  for (std::int64_t kib = 0; file >> key >> kib; std::getline(file, rest)) {
    for (const auto& [name, value] : wanted) {
      if (key == name && kib >= 0 && kib < std::int64_t{1} << 50) *value = kib * 1024;
    }
  }
}

// "always [madvise] never": the word in brackets.
std::optional<std::string> chosen_word(const fs::path& path) {
  const auto line = first_line(path);
  if (!line) return std::nullopt;
  const std::size_t open = line->find('['), close = line->find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  return line->substr(open + 1, close - open - 1);
}

bool kernel_is_at_least(const std::optional<std::string>& release, std::pair<int, int> wanted) {
  std::pair<int, int> version;
  if (!release || std::sscanf(release->c_str(), "%d.%d", &version.first, &version.second) != 2) return false;
  return version >= wanted;
}

fs::path nearest_folder(fs::path path) {
  std::error_code error;
  if (path.is_relative()) path = fs::current_path(error) / path;
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path;
}

}  // namespace

MachineFacts machine_facts(const fs::path& root) {
  MachineFacts facts;
  facts.cpu = cpu_name(root / "proc/cpuinfo");
  facts.n_processors = default_thread_count();
  read_meminfo(root / "proc/meminfo", facts);
  const runtime::ControlGroupMemory group = runtime::control_group_memory(root);
  if (group.limit_bytes && (!facts.memory_bytes || *group.limit_bytes < *facts.memory_bytes)) {
    facts.limit_bytes = group.limit_bytes;
  }
  if (group.available_bytes) {
    facts.available_bytes = std::min(facts.available_bytes.value_or(*group.available_bytes), *group.available_bytes);
  }
  facts.huge_pages = chosen_word(root / "sys/kernel/mm/transparent_hugepage/enabled");
  facts.kernel_maps_files_huge = facts.huge_pages && *facts.huge_pages != "never" &&
                                 kernel_is_at_least(first_line(root / "proc/sys/kernel/osrelease"), kFilesInHugePages);
  facts.governor = first_line(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  facts.governor_driver = first_line(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_driver");
  double load = 0;
  if (std::ifstream file(root / "proc/loadavg"); file >> load) facts.load = load;
  return facts;
}

std::optional<std::uint64_t> free_bytes(const fs::path& path) {
  struct statvfs info {};
  if (statvfs(nearest_folder(path).c_str(), &info) != 0) return std::nullopt;
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

bool file_system_has_huge_pages(const fs::path& path) {
  constexpr long kExt4 = 0xEF53, kXfs = 0x58465342;
  struct statfs info {};
  return statfs(nearest_folder(path).c_str(), &info) == 0 && (info.f_type == kExt4 || info.f_type == kXfs);
}

}  // namespace carat::cli
