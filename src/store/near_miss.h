#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carat::store {

/// The candidates that `name` may have been meant as, closest first: a third of its letters wrong at most (insertions,
/// deletions, replacements, neighbours swapped; case does not count), or one contained in the other. At most three.
std::vector<std::string> near_misses(std::string_view name, std::span<const std::string> candidates);

}  // namespace carat::store
