#include "model/config_hf.h"

#include <fmt/core.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/printable.h"
#include "model/config_common.h"
#include "model/gemma3_released.h"
#include "model/hf_layer_shapes.h"
#include "model/hf_layers.h"
#include "model/json_fields.h"

namespace carat::model {
namespace {

struct ModelType {
  std::string_view name;
  Architecture architecture;
};

// The one table of architectures in Hugging Face folders.
constexpr ModelType kModelTypes[] = {
    {"gemma4", Architecture::kGemma4},
    {"gemma4_text", Architecture::kGemma4},
    {"gemma4_unified", Architecture::kGemma4},
    {"gemma4_unified_text", Architecture::kGemma4},
    {"gemma3", Architecture::kGemma3},
    {"gemma3_text", Architecture::kGemma3},
    {"gemma4_assistant", Architecture::kGemma4Assistant},
    {"gemma4_unified_assistant", Architecture::kGemma4Assistant},
};

Result<Architecture> find_architecture(const JsonFields& top) {
  ASSIGN_OR_RETURN(const std::string name, top.get_string("model_type"));
  std::string known;
  for (const ModelType& type : kModelTypes) {
    if (type.name == name) return type.architecture;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", type.name);
  }
  return unsupported(
      fmt::format("{}: model_type \"{}\" is unknown; carat runs {}", top.where(), formats::printable(name), known));
}

// What carat has no arithmetic for.
Result<void> refuse_unsupported(const JsonFields& top, const JsonFields& text) {
  for (const JsonFields* fields : {&top, &text}) {
    if (fields->has("quantization_config")) {
      return unsupported(fmt::format("{}: has a quantization_config; carat reads unquantised folders and GGUF files",
                                     fields->where()));
    }
  }
  const std::string_view key =
      text.has("hidden_act") && !text.has("hidden_activation") ? "hidden_act" : "hidden_activation";
  ASSIGN_OR_RETURN(const std::string activation, text.get_string(key));
  if (activation != "gelu_pytorch_tanh") {
    return unsupported(fmt::format("{}: {} \"{}\" is not gelu_pytorch_tanh, the only one known", text.where(), key,
                                   formats::printable(activation)));
  }
  ASSIGN_OR_RETURN(const bool bias, text.get_bool_or("attention_bias", false));
  if (bias) return unsupported(fmt::format("{}: attention_bias is true; no Gemma has biases", text.where()));
  if (text.has("attn_logit_softcapping")) {
    return unsupported(fmt::format("{}: attn_logit_softcapping is set; Gemma 3 and 4 have none", text.where()));
  }
  return {};
}

Result<BlockAttention> read_block_attention(const JsonFields& text) {
  constexpr std::string_view kKey = "use_bidirectional_attention";
  if (!text.has(kKey)) return BlockAttention::kCausal;
  const Json& value = text.json().at(std::string(kKey));
  if (value == false) return BlockAttention::kCausal;
  if (value == "vision") return BlockAttention::kVisionBlocks;
  return unsupported(fmt::format("{}: {} is {}; null and \"vision\" are known", text.where(), kKey,
                                 formats::printable(dump_json(value))));
}

Result<void> read_experts(const JsonFields& text, ModelConfig& config) {
  ASSIGN_OR_RETURN(const bool moe, text.get_bool_or("enable_moe_block", false));
  if (!moe) return {};
  ASSIGN_OR_RETURN(config.n_experts, text.get_int("num_experts", 1, kMaxExperts));
  ASSIGN_OR_RETURN(config.top_k_experts, text.get_int("top_k_experts", 1, config.n_experts));
  const bool old = !text.has("moe_intermediate_size") && text.has("expert_intermediate_size");
  ASSIGN_OR_RETURN(config.expert_d_ff,
                   text.get_int(old ? "expert_intermediate_size" : "moe_intermediate_size", 1, kMaxFeedForward));
  return {};
}

// What both generations spell alike.
Result<void> read_common(const JsonFields& text, ModelConfig& config) {
  ASSIGN_OR_RETURN(config.vocab_size, text.get_int("vocab_size", 1, kMaxVocab));
  ASSIGN_OR_RETURN(config.d_model, text.get_int("hidden_size", 1, kMaxModelWidth));
  ASSIGN_OR_RETURN(config.context_length, text.get_int("max_position_embeddings", 1, kMaxContext));
  ASSIGN_OR_RETURN(config.rms_norm_eps, text.get_number("rms_norm_eps"));
  config.embedding_scale = embedding_scale(config.d_model);
  if (text.has("final_logit_softcapping")) {
    ASSIGN_OR_RETURN(config.final_logit_softcap, text.get_number("final_logit_softcapping"));
    if (!(config.final_logit_softcap > 0)) return text.wrong("final_logit_softcapping", "a positive number or null");
  }
  return {};
}

Result<void> read_layers(const JsonFields& text, ModelConfig& config) {
  const bool gemma4 = config.architecture != Architecture::kGemma3;
  ASSIGN_OR_RETURN(const std::int64_t n_layers, text.get_int("num_hidden_layers", 1, kMaxLayers));
  ASSIGN_OR_RETURN(const std::vector<bool> sliding, read_layer_types(text, gemma4, n_layers));
  ASSIGN_OR_RETURN(const std::int64_t n_heads, text.get_int("num_attention_heads", 1, kMaxHeads));
  ASSIGN_OR_RETURN(const std::vector<LayerShape> shapes, read_layer_shapes(text, gemma4, sliding));
  ASSIGN_OR_RETURN(const std::int64_t d_ff, text.get_int("intermediate_size", 1, kMaxFeedForward / 2));
  ASSIGN_OR_RETURN(const std::int64_t window, text.get_int("sliding_window", 1, kMaxContext));

  std::int64_t n_shared = 0;
  bool k_eq_v = false;
  bool double_wide = false;
  if (gemma4) {
    ASSIGN_OR_RETURN(k_eq_v, text.get_bool_or("attention_k_eq_v", false));
    ASSIGN_OR_RETURN(n_shared, text.get_int_or("num_kv_shared_layers", 0, n_layers, 0));
    ASSIGN_OR_RETURN(double_wide, text.get_bool_or("use_double_wide_mlp", false));
  }
  // Layers of one type have one shape (read_layer_shapes), so any of them gives the head size of their RoPE.
  std::int64_t sliding_head_dim = shapes.front().head_dim, full_head_dim = sliding_head_dim;
  for (std::size_t i = 0; i < shapes.size(); ++i) (sliding[i] ? sliding_head_dim : full_head_dim) = shapes[i].head_dim;
  ASSIGN_OR_RETURN(const RopePair rope, read_rope(text, full_head_dim, sliding_head_dim));

  for (std::int64_t i = 0; i < n_layers; ++i) {
    LayerConfig layer;
    layer.sliding = sliding[static_cast<std::size_t>(i)];
    layer.window = layer.sliding ? window : 0;
    layer.n_heads = n_heads;
    layer.n_kv_heads = shapes[static_cast<std::size_t>(i)].n_kv_heads;
    layer.head_dim = shapes[static_cast<std::size_t>(i)].head_dim;
    layer.d_ff = double_wide && i >= n_layers - n_shared ? 2 * d_ff : d_ff;
    layer.v_is_k = k_eq_v && !layer.sliding;
    layer.rope = layer.sliding ? rope.sliding : rope.full;
    config.layers.push_back(layer);
  }
  if (config.architecture != Architecture::kGemma4Assistant) return share_kv(text.where(), n_shared, config.layers);
  if (n_shared != n_layers) {
    return unsupported(
        fmt::format("{}: num_kv_shared_layers is {} of {} layers; in a drafter all layers read the "
                    "target's K/V",
                    text.where(), n_shared, n_layers));
  }
  for (LayerConfig& layer : config.layers) layer.kv_layer = -1;
  return {};
}

Result<void> read_gemma4(const JsonFields& text, ModelConfig& config) {
  config.attention_scale = 1;
  // null switches it off, absence means that the config is not complete.
  if (config.architecture == Architecture::kGemma4 && !text.mentions("final_logit_softcapping")) {
    return text.missing("final_logit_softcapping");
  }
  ASSIGN_OR_RETURN(config.ple_dim, text.get_int_or("hidden_size_per_layer_input", 0, kMaxPleDim, 0));
  ASSIGN_OR_RETURN(config.block_attention, read_block_attention(text));
  return read_experts(text, config);
}

Result<void> read_gemma3(const JsonFields& text, ModelConfig& config) {
  ASSIGN_OR_RETURN(const double scalar, text.get_number("query_pre_attn_scalar"));
  if (!(scalar > 0)) return text.wrong("query_pre_attn_scalar", "a positive number");
  config.attention_scale = 1 / std::sqrt(scalar);
  config.norm_adds_one = true;
  config.v_norm = false;
  config.has_layer_scalar = false;
  ASSIGN_OR_RETURN(const BlockAttention blocks, read_block_attention(text));
  if (blocks != BlockAttention::kCausal) {
    return text.wrong("use_bidirectional_attention", "false or null (Gemma 3 text)");
  }
  return {};
}

Result<void> read_drafter(const JsonFields& top, ModelConfig& config) {
  ASSIGN_OR_RETURN(config.backbone_d_model, top.get_int("backbone_hidden_size", 1, kMaxModelWidth));
  ASSIGN_OR_RETURN(const bool ordered, top.get_bool_or("use_ordered_embeddings", false));
  if (!ordered) return {};
  ASSIGN_OR_RETURN(config.n_centroids, top.get_int("num_centroids", 1, config.vocab_size));
  ASSIGN_OR_RETURN(config.centroid_top_k, top.get_int("centroid_intermediate_top_k", 1, config.n_centroids));
  return {};
}

Result<void> read_token_ids(const JsonFields& top, const JsonFields& text, const std::optional<JsonFields>& generation,
                            ModelConfig& config) {
  bool has_pad = false;
  const auto read = [&](const JsonFields& fields) -> Result<void> {
    ASSIGN_OR_RETURN(const auto eos, fields.get_ids_or_none("eos_token_id", config.vocab_size));
    append_unique(config.eos_token_ids, eos);
    if (!has_pad && fields.has("pad_token_id")) {
      ASSIGN_OR_RETURN(config.pad_token_id, fields.get_int("pad_token_id", 0, config.vocab_size - 1));
      has_pad = true;
    }
    return {};
  };
  RETURN_IF_ERROR(read(top));
  RETURN_IF_ERROR(read(text));
  if (generation) {
    RETURN_IF_ERROR(read(*generation));
    ASSIGN_OR_RETURN(const auto suppressed, generation->get_ids_or_none("suppress_tokens", config.vocab_size));
    append_unique(config.suppress_token_ids, suppressed);
  }
  // Soft rows look their per-layer embedding up as <pad>.
  if (!has_pad && config.ple_dim > 0) return text.missing("pad_token_id");
  return {};
}

}  // namespace

Result<ModelConfig> config_from_hf(const Json& json, const Json* generation_json, const std::string& where,
                                   std::string name) {
  if (!json.is_object()) return corrupt(fmt::format("{}: is not a JSON object", where));
  const JsonFields top(json, where);
  ModelConfig config;
  config.name = std::move(name);
  ASSIGN_OR_RETURN(config.architecture, find_architecture(top));

  const bool nested = top.has("text_config");
  const Json* text_json = &json;
  if (nested) {
    ASSIGN_OR_RETURN(const JsonFields object, top.get_object("text_config"));
    text_json = &object.json();
  }
  std::shared_ptr<const Json> completed;
  if (config.architecture == Architecture::kGemma3) {
    completed = share_json(with_released_gemma3_values(*text_json));
    text_json = completed.get();
  }
  const JsonFields text(*text_json, nested ? where + ": text_config" : where);
  std::optional<JsonFields> generation;
  if (generation_json != nullptr && generation_json->is_object()) {
    generation.emplace(*generation_json, where + " (generation_config.json)");
  }

  RETURN_IF_ERROR(refuse_unsupported(top, text));
  RETURN_IF_ERROR(read_common(text, config));
  RETURN_IF_ERROR(config.architecture == Architecture::kGemma3 ? read_gemma3(text, config) : read_gemma4(text, config));
  if (config.architecture == Architecture::kGemma4Assistant) RETURN_IF_ERROR(read_drafter(top, config));
  RETURN_IF_ERROR(read_layers(text, config));
  RETURN_IF_ERROR(read_token_ids(top, text, generation, config));
  ASSIGN_OR_RETURN(config.tied_embeddings,
                   (top.has("tie_word_embeddings") ? top : text).get_bool_or("tie_word_embeddings", true));
  RETURN_IF_ERROR(check_config(where, config));
  return config;
}

}  // namespace carat::model
