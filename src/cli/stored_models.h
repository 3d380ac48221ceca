#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/model_store.h"

namespace carat::cli {

/// A model of the store, looked into.
struct StoredModelFacts {
  store::StoredModel stored;
  std::uint64_t n_bytes = 0;      ///< of its files, wherever they are
  std::string problem;            ///< why it cannot be opened; empty when it can. Then:
  std::string title;              ///< what the model says of itself
  std::string architecture;       ///< "gemma4"
  std::string chat_format;        ///< empty = base model
  bool drafter = false;           ///< does not run alone
  std::int64_t context = 0;       ///< the plan's
  std::int64_t memory_bytes = 0;  ///< the plan at that context
  double token_bytes = 0;         ///< of weights that one generated token reads, about: of experts the active ones
};

/// The context that plans without one are for.
inline constexpr std::int64_t kUsualContext = 8192;

/// Opens it and reads its headers; packs nothing.
StoredModelFacts look_into(const store::StoredModel& model);

/// All of them. Errors: those of ModelStore::list.
Result<std::vector<StoredModelFacts>> stored_models(const store::ModelStore& store);

/// "chat", "base", "drafter", "cannot be opened"
std::string_view kind_of(const StoredModelFacts& facts);

}  // namespace carat::cli
