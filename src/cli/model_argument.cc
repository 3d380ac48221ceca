#include "cli/model_argument.h"

#include <system_error>

#include "store/model_store.h"

namespace carat::cli {

Result<std::filesystem::path> resolve_model(const std::string& argument) {
  // A path that is there needs no store, and works where none can be made (a read-only home).
  std::error_code ignored;
  if (!argument.empty() && std::filesystem::exists(argument, ignored)) return std::filesystem::path(argument);
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
  return argument.empty() ? store.default_model() : store.resolve(argument);
}

}  // namespace carat::cli
