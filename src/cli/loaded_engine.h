#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/engine_options.h"
#include "cli/loaded_model.h"
#include "model/checkpoint.h"
#include "model/decoder.h"
#include "runtime/exec_context.h"
#include "runtime/kv_cache.h"
#include "runtime/session.h"

namespace carat::cli {

/// Opens and checks a model that can run by itself. Errors: Checkpoint::open's; kUnsupported for a drafter.
Result<model::Checkpoint> open_runnable(const std::filesystem::path& path);

/// A model in memory with all it needs to run sessions; owns everything. Loading is the only slow part.
///
///     ASSIGN_OR_RETURN(model::Checkpoint checkpoint, open_runnable(path));
///     ASSIGN_OR_RETURN(model::PackedCopy copy, look_for_copy(checkpoint, options.cache));
///     ASSIGN_OR_RETURN(const auto loaded, LoadedEngine::load(std::move(checkpoint), std::move(copy), options,
///     n_tokens,
///                                                            tokenizer_bytes));
///     runtime::Session session(loaded->engine());
class LoadedEngine {
 public:
  /// Plans memory for one sequence of `context` tokens (and with `keeps_prompt` a fork of its prompt), says the plan on
  /// stderr, refuses it where it must, and loads. Errors: kOutOfMemory for the plan; those of LoadedModel::load,
  /// ExecContext::create and KvCache::create.
  static Result<std::unique_ptr<LoadedEngine>> load(model::Checkpoint checkpoint, model::PackedCopy copy,
                                                    const EngineOptions& options, std::int64_t context,
                                                    std::size_t tokenizer_bytes, bool keeps_prompt = false);

  runtime::Engine& engine() { return engine_; }
  const model::ModelConfig& config() const { return model_.decoder().config(); }

 private:
  LoadedEngine(std::unique_ptr<runtime::ExecContext> context, LoadedModel model, runtime::KvCache kv,
               std::int64_t n_context);

  std::unique_ptr<runtime::ExecContext> context_;
  LoadedModel model_;
  runtime::KvCache kv_;
  runtime::Engine engine_;  ///< points to the three above
};

}  // namespace carat::cli
