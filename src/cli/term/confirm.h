#pragma once

#include <string>

#include "base/result.h"

namespace carat::cli {

/// Says `what` and asks on the terminal: "y" or "yes" is yes, anything else and Enter alone is no. Errors:
/// kInvalidArgument with `what` where stdin or stderr is no terminal, naming --yes: a script never hangs on a question.
Result<bool> confirm(const std::string& what, const std::string& question);

}  // namespace carat::cli
