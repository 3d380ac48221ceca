#pragma once

#include <string_view>

#include "base/result.h"

namespace carat::cli {

/// Errors: kInvalidArgument with what the word may have been meant as, when there is no command of that name.
Result<void> known_command(std::string_view word);

}  // namespace carat::cli
