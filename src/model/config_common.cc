#include "model/config_common.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tensor/half.h"

namespace carat::model {
namespace {

struct Range {
  std::string_view name;
  std::int64_t value;
  std::int64_t min;
  std::int64_t max;
};

Result<void> check_ranges(std::string_view where, std::string_view what, std::initializer_list<Range> ranges) {
  for (const Range& r : ranges) {
    if (r.value >= r.min && r.value <= r.max) continue;
    return corrupt(fmt::format("{}: {}{} is {}; {} to {} was expected", where, what, r.name, r.value, r.min, r.max));
  }
  return {};
}

Result<void> check_rope(std::string_view where, std::string_view what, const LayerConfig& layer) {
  const RopeConfig& rope = layer.rope;
  // Far beyond every Gemma (1e6 and 8), and far from where angles are no numbers any more.
  if (!(rope.base > 1 && rope.base <= 1e15) || !(rope.position_divisor >= 1e-3 && rope.position_divisor <= 1e6)) {
    return corrupt(fmt::format(
        "{}: {}RoPE has base {} and factor {}; a base above 1 and up to 1e15, and a factor from 0.001 to 1e6 were "
        "expected",
        where, what, rope.base, rope.position_divisor));
  }
  return check_ranges(where, what, {{"number of rotated pairs", rope.n_rotated_pairs, 0, layer.head_dim / 2}});
}

Result<void> check_layer(std::string_view where, std::int64_t index, const LayerConfig& layer) {
  const std::string what = fmt::format("layer {}: ", index);
  RETURN_IF_ERROR(check_ranges(where, what,
                               {{"number of query heads", layer.n_heads, 1, kMaxHeads},
                                {"number of K/V heads", layer.n_kv_heads, 1, kMaxHeads},
                                {"head size", layer.head_dim, 2, kMaxHeadDim},
                                {"feed-forward width", layer.d_ff, 1, kMaxFeedForward},
                                {"window", layer.window, layer.sliding ? 1 : 0, layer.sliding ? kMaxContext : 0}}));
  if (layer.n_heads % layer.n_kv_heads != 0) {
    return corrupt(fmt::format("{}: {}{} query heads cannot be divided among {} K/V heads", where, what, layer.n_heads,
                               layer.n_kv_heads));
  }
  if (layer.head_dim % 2 != 0) {
    return corrupt(fmt::format("{}: {}head size {} is odd; RoPE turns pairs", where, what, layer.head_dim));
  }
  if (layer.head_dim % kHeadDimUnit != 0) {
    return unsupported(fmt::format("{}: {}head size {} is no multiple of {}; every released Gemma has 128, 256 or 512",
                                   where, what, layer.head_dim, kHeadDimUnit));
  }
  return check_rope(where, what, layer);
}

Result<void> check_ids(std::string_view where, std::string_view name, std::span<const std::int64_t> ids,
                       std::int64_t vocab_size) {
  for (const std::int64_t id : ids) RETURN_IF_ERROR(check_ranges(where, "", {{name, id, 0, vocab_size - 1}}));
  return {};
}

}  // namespace

float embedding_scale(std::int64_t d_model) {
  return round_to_bf16(static_cast<float>(std::sqrt(static_cast<double>(d_model))));
}

Result<void> share_kv(std::string_view where, std::int64_t n_shared, std::vector<LayerConfig>& layers) {
  const auto n_layers = static_cast<std::int64_t>(layers.size());
  if (n_shared < 0 || n_shared > n_layers) {
    return corrupt(fmt::format("{}: {} layers share K/V, but there are {} layers", where, n_shared, n_layers));
  }
  const std::int64_t first = n_layers - n_shared;
  for (std::int64_t i = 0; i < n_layers; ++i) {
    LayerConfig& layer = layers[static_cast<std::size_t>(i)];
    layer.kv_layer = i;
    if (i < first) continue;
    std::int64_t donor = first - 1;
    while (donor >= 0 && layers[static_cast<std::size_t>(donor)].sliding != layer.sliding) --donor;
    if (donor < 0) {
      return corrupt(fmt::format("{}: layer {} shares K/V, but no layer below {} is of its type ({})", where, i, first,
                                 layer.sliding ? "sliding" : "full"));
    }
    const LayerConfig& from = layers[static_cast<std::size_t>(donor)];
    if (from.head_dim != layer.head_dim || from.n_kv_heads != layer.n_kv_heads) {
      return corrupt(
          fmt::format("{}: layer {} shares the K/V of layer {}, whose heads are {} of {} instead of {} of {}", where, i,
                      donor, from.n_kv_heads, from.head_dim, layer.n_kv_heads, layer.head_dim));
    }
    layer.kv_layer = donor;
    layer.v_is_k = from.v_is_k;
  }
  return {};
}

Result<void> check_config(std::string_view where, const ModelConfig& config) {
  const bool moe = config.n_experts > 0;
  const bool drafter = config.architecture == Architecture::kGemma4Assistant;
  RETURN_IF_ERROR(check_ranges(
      where, "",
      {{"vocabulary size", config.vocab_size, 1, kMaxVocab},
       {"hidden size", config.d_model, 1, kMaxModelWidth},
       {"context length", config.context_length, 1, kMaxContext},
       {"number of layers", config.n_layers(), 1, kMaxLayers},
       {"per-layer embedding width", config.ple_dim, 0, kMaxPleDim},
       {"number of experts", config.n_experts, 0, kMaxExperts},
       {"number of chosen experts", config.top_k_experts, moe ? 1 : 0, config.n_experts},
       {"expert width", config.expert_d_ff, moe ? 1 : 0, moe ? kMaxFeedForward : 0},
       {"target's hidden size", config.backbone_d_model, drafter ? 1 : 0, kMaxModelWidth},
       {"number of centroids", config.n_centroids, 0, config.vocab_size},
       {"number of chosen centroids", config.centroid_top_k, config.n_centroids > 0 ? 1 : 0, config.n_centroids},
       {"padding token id", config.pad_token_id, 0, config.vocab_size - 1}}));
  if (!(config.rms_norm_eps > 0) || !(config.rms_norm_eps < 1)) {
    return corrupt(
        fmt::format("{}: RMS norm epsilon is {}; a value between 0 and 1 was expected", where, config.rms_norm_eps));
  }
  if (!(config.attention_scale > 0) || !std::isfinite(config.attention_scale)) {
    return corrupt(
        fmt::format("{}: attention scale is {}; a positive value was expected", where, config.attention_scale));
  }
  if (!(config.final_logit_softcap >= 0) || !std::isfinite(config.final_logit_softcap)) {
    return corrupt(fmt::format("{}: final_logit_softcapping is {}; a positive value or null was expected", where,
                               config.final_logit_softcap));
  }
  if (config.n_centroids > 0 && config.vocab_size % config.n_centroids != 0) {
    return corrupt(fmt::format("{}: {} tokens cannot be divided among {} centroids", where, config.vocab_size,
                               config.n_centroids));
  }
  RETURN_IF_ERROR(check_ids(where, "stop token id", config.eos_token_ids, config.vocab_size));
  RETURN_IF_ERROR(check_ids(where, "suppressed token id", config.suppress_token_ids, config.vocab_size));
  for (std::int64_t i = 0; i < config.n_layers(); ++i) {
    RETURN_IF_ERROR(check_layer(where, i, config.layers[static_cast<std::size_t>(i)]));
  }
  return {};
}

void append_unique(std::vector<std::int64_t>& ids, std::span<const std::int64_t> more) {
  for (const std::int64_t id : more) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
}

}  // namespace carat::model
