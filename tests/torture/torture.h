#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace carat::torture {

/// A piece of work to be tortured. `run` leaves everything as it found it and returns what it made, as a text that is
/// the same each time; of several runs each must be able to follow the other.
struct Case {
  std::string name;
  std::function<Result<std::string>()> run;
  /// What the world outside looks like, an engine's state say; must be the same before and after a run that failed.
  std::function<std::string()> state = [] { return std::string(); };
  /// A run whose k-th call failed may also end well: what it does without.
  bool may_do_without = false;
  /// Only one call fails at a time, for what is cleaned up with the help of memory: nlohmann's JSON values
  /// (base/json.h).
  bool one_only = false;
  /// What lives longer than a run may hold memory of its own from it, as a library's cache does.
  bool may_keep_memory = false;
};

/// curl's method: counts the calls that take memory in one run, then runs again once for each of them, letting that one
/// fail (and once more, letting it and all after it fail). Each time: a run that fails says kOutOfMemory, or that a
/// thread could not be started; no exception; nothing is held that was not before; and the same run then works and
/// gives the same result.
///
/// Of each case 40 calls are tried, all with CARAT_TORTURE=full; which ones, CARAT_TORTURE_SEED says.
void torture(const Case& work);

}  // namespace carat::torture
