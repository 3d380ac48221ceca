#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/check.h"

namespace carat::fuzz {

/// A folder of one target, in memory where the system has /dev/shm (a fuzzer writes thousands of files a second), gone
/// at the end of the process.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code ignored;
    const bool shm = std::filesystem::is_directory("/dev/shm", ignored) && ::access("/dev/shm", W_OK) == 0;
    std::string pattern = (shm ? "/dev/shm" : std::filesystem::temp_directory_path().string()) + "/carat-fuzz-XXXXXX";
    CARAT_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file anew and returns its path.
  std::filesystem::path put(std::string_view name, std::string_view bytes) const {
    const auto path = path_ / name;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    CARAT_CHECK(out.good());
    return path;
  }

 private:
  std::filesystem::path path_;
};

/// For people: with CARAT_FUZZ_DUMP=PATH set, the file that a structured target built of its input lands there.
inline void dump_if_asked(std::string_view bytes) {
  const char* path = std::getenv("CARAT_FUZZ_DUMP");
  if (path != nullptr)
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace carat::fuzz
