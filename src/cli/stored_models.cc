#include "cli/stored_models.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cli/chat_model.h"
#include "cli/engine_options.h"
#include "cli/model_description.h"
#include "model/checkpoint.h"
#include "runtime/memory_plan.h"

namespace carat::cli {
namespace {

namespace fs = std::filesystem;

std::uint64_t bytes_of(const formats::ModelSource& source) {
  std::uint64_t n_bytes = 0;
  for (const FileIdentity& file : source.identities()) n_bytes += file.size;
  return n_bytes;
}

/// The share of the packed weights that one token leaves alone: experts that are not chosen. As if all had one type.
double idle_share(const model::ModelConfig& config, const model::Checkpoint& checkpoint) {
  if (config.n_experts == 0) return 0;
  double all = 0;
  for (const TensorTypeUse& use : tensor_type_uses(checkpoint)) {
    if (use.packed) all += static_cast<double>(use.n_elements);
  }
  const auto product = [](auto... factors) { return (static_cast<double>(factors) * ...); };
  const double experts = product(3, config.n_layers(), config.n_experts, config.expert_d_ff, config.d_model);
  return experts / all * (1 - product(config.top_k_experts) / product(config.n_experts));
}

Result<void> describe(StoredModelFacts& facts) {
  if (facts.stored.broken) {
    return not_found("the file it refers to is no longer there");
  }
  ASSIGN_OR_RETURN(const model::Checkpoint checkpoint, model::Checkpoint::open(facts.stored.path));
  const model::ModelConfig& config = checkpoint.config;
  facts.n_bytes = bytes_of(checkpoint.source);
  facts.title = config.name;
  facts.architecture = architecture_name(config.architecture);
  facts.drafter = config.architecture == model::Architecture::kGemma4Assistant;
  if (const auto format = chat_format_of(checkpoint.source, config)) facts.chat_format = chat::to_string(*format);
  facts.context = std::min(kUsualContext, config.context_length);
  ASSIGN_OR_RETURN(const model::KvType kv, kv_type(EngineOptions{}.kv));
  ASSIGN_OR_RETURN(const runtime::MemoryPlan plan,
                   runtime::plan_memory(checkpoint, {.context = facts.context, .chunk = kPromptChunk, .kv_type = kv}));
  facts.memory_bytes = plan.total();
  facts.token_bytes = static_cast<double>(plan.weights) * (1 - idle_share(config, checkpoint));
  return {};
}

}  // namespace

StoredModelFacts look_into(const store::StoredModel& model) {
  StoredModelFacts facts{.stored = model};
  if (auto described = describe(facts); !described) facts.problem = described.error().to_string();
  return facts;
}

std::string_view kind_of(const StoredModelFacts& facts) {
  if (!facts.problem.empty()) return "cannot be opened";
  if (facts.drafter) return "drafter";
  return facts.chat_format.empty() ? "base" : "chat";
}

Result<std::vector<StoredModelFacts>> stored_models(const store::ModelStore& store) {
  ASSIGN_OR_RETURN(const std::vector<store::StoredModel> models, store.list());
  std::vector<StoredModelFacts> facts;
  for (const store::StoredModel& model : models) facts.push_back(look_into(model));
  return facts;
}

}  // namespace carat::cli
