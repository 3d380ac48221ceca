#pragma once

#include "cli/command.h"

namespace carat::cli {

/// `carat tokenize MODEL [FILE|-] [--json-lines] [--special] [--decode]`: text to ids and back, for people who compare
/// tokenizers. Never adds <bos>.
Action add_tokenize(CLI::App& command);

}  // namespace carat::cli
