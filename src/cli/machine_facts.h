#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace carat::cli {

/// What carat runs on, as /proc and /sys say. What they do not say is absent.
struct MachineFacts {
  std::optional<std::string> cpu;  ///< "AMD EPYC 9754"
  int n_processors = 1;            ///< that this process may use
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> available_bytes;  ///< without swapping, below the limits of control groups
  std::optional<std::int64_t> limit_bytes;      ///< of its control groups; absent: none
  std::optional<std::int64_t> swap_bytes;
  std::optional<std::string> huge_pages;       ///< "always", "madvise" or "never"; absent: a kernel without them
  bool kernel_maps_files_huge = false;         ///< Linux 6.16 or newer, and huge_pages is not "never"
  std::optional<std::string> governor;         ///< of the processors' frequency: "performance", "powersave" ...
  std::optional<std::string> governor_driver;  ///< "intel_pstate", "amd-pstate-epp", "acpi-cpufreq" ...
  std::optional<double> load;                  ///< processes that run or want to, mean of the last minute
};

/// `root` holds proc and sys, for tests. Takes about a millisecond.
MachineFacts machine_facts(const std::filesystem::path& root = "/");

/// What this user may still write on the file system of `path`, or of the nearest folder above it that exists.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path);

/// Whether a file in `path` (or the nearest folder above that exists) is mapped in huge pages by a kernel that can:
/// ext4 and XFS do (base/file.h).
bool file_system_has_huge_pages(const std::filesystem::path& path);

}  // namespace carat::cli
