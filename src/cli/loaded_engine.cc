#include "cli/loaded_engine.h"

#include <fmt/core.h>

#include "cli/output.h"

namespace carat::cli {

Result<model::Checkpoint> open_runnable(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(model::Checkpoint checkpoint, model::Checkpoint::open(path));
  if (checkpoint.config.architecture == model::Architecture::kGemma4Assistant) {
    return unsupported(fmt::format(
        "{}: is a drafter, which has no keys and values of its own; give the model it was made for", path.string()));
  }
  return checkpoint;
}

LoadedEngine::LoadedEngine(std::unique_ptr<runtime::ExecContext> context, LoadedModel model, runtime::KvCache kv,
                           std::int64_t n_context)
    : context_(std::move(context)),
      model_(std::move(model)),
      kv_(std::move(kv)),
      engine_{model_.decoder(), kv_, context_->exec(), n_context, kPromptChunk} {}

Result<std::unique_ptr<LoadedEngine>> LoadedEngine::load(model::Checkpoint checkpoint, model::PackedCopy copy,
                                                         const EngineOptions& options, std::int64_t context,
                                                         std::size_t tokenizer_bytes, bool keeps_prompt) {
  ASSIGN_OR_RETURN(const model::KvType type, kv_type(options.kv));
  const runtime::MemoryPlanOptions plan_options{.context = context,
                                                .keeps_prompt = keeps_prompt,
                                                .chunk = kPromptChunk,
                                                .kv_type = type,
                                                .weights_mapped = copy.likely(),
                                                .tokenizer_bytes = static_cast<std::int64_t>(tokenizer_bytes)};
  ASSIGN_OR_RETURN(const runtime::MemoryPlan plan, runtime::plan_memory(checkpoint, plan_options));
  ASSIGN_OR_RETURN(auto exec,
                   runtime::ExecContext::create({.n_threads = options.threads, .compute = compute_of(options)}));
  say(fmt::format("{}: {} on {}, {} thread{}, K/V {}, context {}", checkpoint.config.name, options.compute,
                  exec->isa_name(), exec->pool().n_threads(), exec->pool().n_threads() == 1 ? "" : "s", options.kv,
                  context));
  say(fmt::format("memory plan {}", describe(plan)));
  RETURN_IF_ERROR(admit(plan, options));

  ASSIGN_OR_RETURN(LoadedModel model, LoadedModel::load(std::move(checkpoint), std::move(copy), exec->pool()));
  const model::Decoder& decoder = model.decoder();
  ASSIGN_OR_RETURN(auto kv, runtime::KvCache::create({decoder.kv_layouts(type), decoder.config().n_layers(), 0}));
  return std::unique_ptr<LoadedEngine>(new LoadedEngine(std::move(exec), std::move(model), std::move(kv), context));
}

}  // namespace carat::cli
