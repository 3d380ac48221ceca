#include "cli/commands.h"

namespace carat::cli {

std::span<const Command> commands() { return {}; }

}  // namespace carat::cli
