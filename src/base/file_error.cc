#include "base/file_error.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace carat {

Error errno_error(std::string_view what, const std::filesystem::path& path) {
  const int code = errno;
  const std::string text = fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(code));
  std::error_code ignored;
  if (code == ENOENT && std::filesystem::is_symlink(path, ignored)) {
    return not_found(fmt::format("{}: is a link to a file that is not there", path.string()));
  }
  if (code == ENOENT) return not_found(fmt::format("{}: no such file", path.string()));
  if (code == ENOMEM) return out_of_memory(text);
  return io_error(text);
}

}  // namespace carat
