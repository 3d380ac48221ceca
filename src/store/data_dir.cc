#include "store/data_dir.h"

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace carat::store {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string home_of_user_database() {
  const passwd* entry = getpwuid(getuid());
  return entry == nullptr || entry->pw_dir == nullptr ? "" : entry->pw_dir;
}

}  // namespace

Environment Environment::of_process() {
  Environment e{variable("XDG_DATA_HOME"), variable("HOME"), variable("CARAT_MODEL")};
  if (e.home.empty()) e.home = home_of_user_database();
  return e;
}

Result<std::filesystem::path> data_dir(const Environment& environment) {
  const std::filesystem::path xdg = environment.xdg_data_home;
  if (xdg.is_absolute()) return xdg / "carat";
  const std::filesystem::path home = environment.home;
  if (!home.is_absolute()) {
    return invalid_argument("there is no home folder; set HOME or XDG_DATA_HOME to an absolute path");
  }
  return home / ".local" / "share" / "carat";
}

Result<void> create_private_dirs(const std::filesystem::path& path) {
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : path) {
    so_far /= part;
    if (mkdir(so_far.c_str(), 0700) == 0 || errno == EEXIST) continue;
    const int code = errno;
    std::error_code ignored;
    if (std::filesystem::is_directory(so_far, ignored)) continue;  // e.g. a read-only file system above
    return io_error(fmt::format("{}: cannot create the folder: {}; set XDG_DATA_HOME to a folder you can write",
                                so_far.string(), std::strerror(code)));
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    return io_error(fmt::format("{}: expected a folder, found a file; move it away", path.string()));
  }
  return {};
}

}  // namespace carat::store
