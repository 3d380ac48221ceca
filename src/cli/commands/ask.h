#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat ask "..." [--model MODEL]`: one answer, streamed to stdout. A base model without a chat template continues
/// the text instead, and stderr says so.
Action add_ask(CLI::App& command);

}  // namespace carat::cli
