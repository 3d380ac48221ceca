#include "cli/unknown_command.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/commands.h"
#include "store/near_miss.h"

namespace carat::cli {

Result<void> known_command(std::string_view word) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == word) return {};
    names.emplace_back(command.name);
  }
  const std::vector<std::string> near = store::near_misses(word, names);
  return invalid_argument(near.empty()
                              ? fmt::format("there is no command {}; the commands are {}", word, fmt::join(names, ", "))
                              : fmt::format("there is no command {}; did you mean {}?", word, fmt::join(near, " or ")));
}

}  // namespace carat::cli
