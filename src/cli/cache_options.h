#pragma once

#include <string>

#include "base/result.h"
#include "model/checkpoint.h"
#include "model/packed_copy.h"
#include "store/pack_cache.h"

namespace CLI {
class App;
}

namespace carat::cli {

/// The options of every command that loads a model, about its packed copy (model/packed_copy.h).
struct CacheOptions {
  bool no_cache = false;
  std::string min = "64M";  ///< models whose packed weights are smaller are packed in memory
};

/// --no-cache, --cache-min. REQUIRES: `options` outlives the parse.
void add_cache_options(CLI::App& command, CacheOptions& options, const std::string& group = "OPTIONS");

/// The copies of this user, and of the models that this user may write beside.
store::PackCache pack_cache();

/// Looks for the copy of an opened model. Errors: kInvalidArgument for a --cache-min that is no size.
Result<model::PackedCopy> look_for_copy(const model::Checkpoint& checkpoint, const CacheOptions& options);

}  // namespace carat::cli
