#include "cli/model_argument.h"

#include "store/model_store.h"

namespace carat::cli {

Result<std::filesystem::path> resolve_model(const std::string& argument) {
  ASSIGN_OR_RETURN(const auto store, store::ModelStore::open(store::Environment::of_process()));
  return argument.empty() ? store.default_model() : store.resolve(argument);
}

}  // namespace carat::cli
