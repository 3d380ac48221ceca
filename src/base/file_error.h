#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace carat {

/// errno as a sentence about `path`: "PATH: cannot WHAT: No space left on device". kNotFound, kOutOfMemory or kIo.
Error errno_error(std::string_view what, const std::filesystem::path& path);

}  // namespace carat
