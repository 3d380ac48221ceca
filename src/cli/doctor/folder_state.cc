#include "cli/doctor/folder_state.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace carat::cli {

FolderState look_at_folder(const std::filesystem::path& folder) {
  FolderState state;
  state.at = folder;
  struct stat info {};
  while (stat(state.at.c_str(), &info) != 0) {
    if ((errno != ENOENT && errno != ENOTDIR) || !state.at.has_relative_path()) {
      state.is_folder = true;  // nobody may look
      state.why_not = std::strerror(errno);
      return state;
    }
    state.at = state.at.parent_path();
  }
  state.exists = state.at == folder;
  state.is_folder = S_ISDIR(info.st_mode);
  if (state.exists) state.mode = info.st_mode & 07777;
  if (!state.is_folder) {
    state.why_not = "is a file, not a folder";
  } else if (access(state.at.c_str(), R_OK | W_OK | X_OK) != 0) {
    state.why_not = std::strerror(errno);
  }
  state.usable = state.why_not.empty();
  return state;
}

std::string mode_text(unsigned mode) { return fmt::format("{:04o}", mode); }

}  // namespace carat::cli
