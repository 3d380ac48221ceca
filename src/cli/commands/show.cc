#include "cli/commands/show.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/answer_limits.h"
#include "cli/chat_model.h"
#include "cli/engine_options.h"
#include "cli/layer_drawing.h"
#include "cli/model_argument.h"
#include "cli/model_description.h"
#include "cli/option_ranges.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/table.h"

namespace carat::cli {
namespace {

constexpr std::int64_t kContext = 8192;

struct ShowOptions {
  std::string model;
  std::int64_t context = 0;
  std::string kv = EngineOptions{}.kv;
  bool layers = false;
  bool json = false;
};

/// All that is shown, in either form.
struct Shown {
  const model::Checkpoint& checkpoint;
  std::string chat_format;  ///< empty = base model
  std::vector<LayerKind> layers;
  std::vector<TensorTypeUse> types;
  std::int64_t context;
  std::string kv;
  runtime::MemoryPlan plan;
};

std::string count(std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); }
std::string size(std::int64_t bytes) { return human_bytes(static_cast<std::uint64_t>(bytes)); }

std::string window_text(const model::LayerConfig& layer) { return layer.window > 0 ? count(layer.window) : "all"; }

std::string kv_text(const LayerKind& kind) {
  if (!kind.owns_kv) return "shared";
  return kind.layer.v_is_k ? "V is K" : "own";
}

std::string chat_text(const Shown& s) {
  if (s.checkpoint.config.architecture == model::Architecture::kGemma4Assistant) {
    return "drafter: proposes tokens to the model it was made for, does not run alone";
  }
  return s.chat_format.empty() ? "base model: no chat template, continues plain text" : "chat format " + s.chat_format;
}

std::string head_text(const Shown& s) {
  const model::ModelConfig& c = s.checkpoint.config;
  std::string text = fmt::format("{}: {}, {} layers, d_model {}, vocabulary {}, context {}\n{}\n", c.name,
                                 architecture_name(c.architecture), c.n_layers(), count(c.d_model), count(c.vocab_size),
                                 count(c.context_length), chat_text(s));
  if (c.ple_dim > 0) text += fmt::format("per-layer embeddings of {}\n", c.ple_dim);
  if (c.n_experts > 0) {
    text +=
        fmt::format("{} of {} experts of {} beside each feed-forward\n", c.top_k_experts, c.n_experts, c.expert_d_ff);
  }
  if (c.final_logit_softcap > 0) text += fmt::format("logits capped at {}\n", c.final_logit_softcap);
  return text;
}

std::string as_text(const Shown& s) {
  std::string text = head_text(s);
  Table layers({{"layers", Table::kRight},
                {"attention", Table::kLeft},
                {"window", Table::kRight},
                {"heads", Table::kRight},
                {"K/V heads", Table::kRight},
                {"head_dim", Table::kRight},
                {"d_ff", Table::kRight},
                {"K/V", Table::kLeft},
                {"RoPE base", Table::kRight},
                {"first", Table::kRight}});
  for (const LayerKind& k : s.layers) {
    layers.add({count(k.n_layers), k.layer.sliding ? "sliding" : "full", window_text(k.layer), count(k.layer.n_heads),
                count(k.layer.n_kv_heads), count(k.layer.head_dim), count(k.layer.d_ff), kv_text(k),
                count(static_cast<std::int64_t>(k.layer.rope.base)), count(k.first)});
  }
  text += "\n" + layers.to_string();

  Table types({{"type", Table::kLeft},
               {"tensors", Table::kRight},
               {"weights", Table::kRight},
               {"file", Table::kRight},
               {"kept as", Table::kLeft},
               {"memory", Table::kRight}});
  for (const TensorTypeUse& t : s.types) {
    types.add({std::string(dtype_name(t.dtype)), count(t.n_tensors), count(t.n_elements), size(t.file_bytes),
               t.stored_as, size(t.memory_bytes)});
  }
  text += "\n" + types.to_string();
  for (const TensorTypeUse& t : s.types) {
    if (const std::string growth = growth_when_packed(t); !growth.empty()) text += growth + "\n";
  }

  Table plan({{"memory", Table::kLeft}, {"", Table::kRight}});
  plan.add({"packed weights", size(s.plan.weights)});
  plan.add({fmt::format("K/V {} at context {}", s.kv, count(s.context)), size(s.plan.kv)});
  plan.add({fmt::format("step of {} rows", kPromptChunk), size(s.plan.step)});
  plan.add({"tokenizer", size(s.plan.tokenizer)});
  plan.add({"program", size(s.plan.program)});
  plan.add({"total", size(s.plan.total())});
  return text + "\n" + plan.to_string();
}

std::string as_json(const Shown& s) {
  const model::ModelConfig& c = s.checkpoint.config;
  Json layers = Json::array();
  for (const LayerKind& k : s.layers) {
    layers.push_back({{"n_layers", k.n_layers},
                      {"first", k.first},
                      {"attention", k.layer.sliding ? "sliding" : "full"},
                      {"window", k.layer.window},
                      {"n_heads", k.layer.n_heads},
                      {"n_kv_heads", k.layer.n_kv_heads},
                      {"head_dim", k.layer.head_dim},
                      {"d_ff", k.layer.d_ff},
                      {"owns_kv", k.owns_kv},
                      {"v_is_k", k.layer.v_is_k},
                      {"rope_base", k.layer.rope.base}});
  }
  Json types = Json::array();
  for (const TensorTypeUse& t : s.types) {
    types.push_back({{"type", dtype_name(t.dtype)},
                     {"n_tensors", t.n_tensors},
                     {"n_elements", t.n_elements},
                     {"file_bytes", t.file_bytes},
                     {"kept_as", t.stored_as},
                     {"memory_bytes", t.memory_bytes}});
  }
  Json json = {{"name", c.name},
               {"path", s.checkpoint.source.path.string()},
               {"architecture", architecture_name(c.architecture)},
               {"chat_format", s.chat_format.empty() ? Json() : Json(s.chat_format)},
               {"n_layers", c.n_layers()},
               {"d_model", c.d_model},
               {"vocab_size", c.vocab_size},
               {"context_length", c.context_length},
               {"ple_dim", c.ple_dim},
               {"n_experts", c.n_experts},
               {"top_k_experts", c.top_k_experts},
               {"final_logit_softcap", c.final_logit_softcap},
               {"layers", layers},
               {"tensor_types", types},
               {"memory_plan",
                {{"context", s.context},
                 {"kv_type", s.kv},
                 {"weights", s.plan.weights},
                 {"kv", s.plan.kv},
                 {"step", s.plan.step},
                 {"tokenizer", s.plan.tokenizer},
                 {"program", s.plan.program},
                 {"total", s.plan.total()}}}};
  return dump_json(json, 2) + "\n";
}

Result<void> show(const ShowOptions& options) {
  ASSIGN_OR_RETURN(const model::KvType type, kv_type(options.kv));
  ASSIGN_OR_RETURN(const std::filesystem::path path, resolve_model(options.model));
  ASSIGN_OR_RETURN(const model::Checkpoint checkpoint, model::Checkpoint::open(path));
  const model::ModelConfig& config = checkpoint.config;
  const std::int64_t context = options.context > 0 ? options.context : std::min(kContext, config.context_length);
  RETURN_IF_ERROR(check_context(context, config));
  ASSIGN_OR_RETURN(const runtime::MemoryPlan plan,
                   runtime::plan_memory(checkpoint, {.context = context, .chunk = kPromptChunk, .kv_type = type}));
  const auto format = chat_format_of(checkpoint.source, config);
  const Shown shown{checkpoint,
                    format ? std::string(chat::to_string(*format)) : "",
                    layer_kinds(config),
                    tensor_type_uses(checkpoint),
                    context,
                    options.kv,
                    plan};
  if (options.layers) return write_stdout(head_text(shown) + "\n" + layer_drawing(config));
  return write_stdout(options.json ? as_json(shown) : as_text(shown));
}

}  // namespace

Action add_show(CLI::App& command) {
  auto options = std::make_shared<ShowOptions>();
  command.add_option("MODEL", options->model, kModelHelp);
  at_least_one(command.add_option("--context", options->context,
                                  "tokens to plan memory for (default 8192, or the model's own limit)"));
  command.add_option("--kv", options->kv, "type of stored keys and values")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  auto* layers = command.add_flag("--layers", options->layers, "draw every layer in order instead");
  command.add_flag("--json", options->json, "the same as one JSON object, in bytes")->excludes(layers);
  return [options] { return show(*options); };
}

}  // namespace carat::cli
