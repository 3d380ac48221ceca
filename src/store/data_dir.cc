#include "store/data_dir.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

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
  Environment e{variable("XDG_DATA_HOME"), variable("HOME"), variable("CARAT_MODEL"), variable("XDG_CACHE_HOME")};
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

}  // namespace carat::store
