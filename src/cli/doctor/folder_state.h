#pragma once

#include <filesystem>
#include <string>

namespace carat::cli {

/// What this process may do with a folder, or with the nearest one above it that exists.
struct FolderState {
  bool exists = false;       ///< the folder itself
  bool is_folder = false;    ///< false: a file is in its place, or in that of one above
  unsigned mode = 0;         ///< its permission bits, 0 where it does not exist
  bool usable = false;       ///< files can be made in it, or it can be made
  std::string why_not;       ///< "Read-only file system"; empty when usable
  std::filesystem::path at;  ///< where it fails or exists: the folder, or the nearest above
};

FolderState look_at_folder(const std::filesystem::path& folder);

/// "0755"
std::string mode_text(unsigned mode);

}  // namespace carat::cli
