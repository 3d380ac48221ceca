#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace carat::cli {

/// What the text before the cursor may become.
struct Completion {
  std::size_t replaced = 0;             ///< bytes before the cursor that a candidate takes the place of
  std::vector<std::string> candidates;  ///< sorted; each begins with those bytes
};

using Completer = std::function<Completion(std::string_view before_cursor)>;

/// What can be inserted at the cursor without a choice: the beginning that all candidates share, without what stands
/// there already; empty when there is nothing to add.
std::string common_completion(const Completion& completion, std::string_view before_cursor);

/// File names that begin like `path` (a "~/" at its begin is the home folder), folders with a "/" behind them. Names
/// that start with a dot only where `path` asks for them; names that a terminal could not show are left out.
Completion complete_file(std::string_view path, std::string_view home);

}  // namespace carat::cli
