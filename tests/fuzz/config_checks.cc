#include "fuzz/config_checks.h"

#include <cmath>

#include "base/check.h"

namespace carat::fuzz {
namespace {

bool in(std::int64_t value, std::int64_t min, std::int64_t max) { return value >= min && value <= max; }

void check_layer(const model::ModelConfig& config, std::size_t index) {
  const model::LayerConfig& layer = config.layers[index];
  CARAT_CHECK(in(layer.n_heads, 1, 1024) && in(layer.n_kv_heads, 1, 1024) && layer.n_heads % layer.n_kv_heads == 0);
  CARAT_CHECK(in(layer.head_dim, 2, 1024) && layer.head_dim % 16 == 0);
  CARAT_CHECK(in(layer.d_ff, 1, 1 << 20));
  CARAT_CHECK(layer.sliding ? layer.window >= 1 : layer.window == 0);
  CARAT_CHECK(in(layer.rope.n_rotated_pairs, 0, layer.head_dim / 2));
  CARAT_CHECK(std::isfinite(layer.rope.base) && layer.rope.base > 1);
  CARAT_CHECK(std::isfinite(layer.rope.position_divisor) && layer.rope.position_divisor > 0);
  if (config.architecture == model::Architecture::kGemma4Assistant) {
    CARAT_CHECK(layer.kv_layer == -1);
    return;
  }
  CARAT_CHECK(in(layer.kv_layer, 0, static_cast<std::int64_t>(index)));
  const model::LayerConfig& donor = config.layers[static_cast<std::size_t>(layer.kv_layer)];
  CARAT_CHECK(donor.owns_kv(layer.kv_layer) && donor.sliding == layer.sliding);
  CARAT_CHECK(donor.n_kv_heads == layer.n_kv_heads && donor.head_dim == layer.head_dim);
}

}  // namespace

void check_model_config(const model::ModelConfig& config) {
  CARAT_CHECK(in(config.vocab_size, 1, 1 << 20) && in(config.d_model, 1, 1 << 16));
  CARAT_CHECK(in(config.context_length, 1, 1 << 24) && in(config.n_layers(), 1, 1024));
  CARAT_CHECK(std::isfinite(config.rms_norm_eps) && config.rms_norm_eps > 0);
  CARAT_CHECK(std::isfinite(config.attention_scale) && config.attention_scale > 0);
  CARAT_CHECK(std::isfinite(config.final_logit_softcap) && config.final_logit_softcap >= 0);
  CARAT_CHECK(in(config.ple_dim, 0, 8192) && in(config.n_experts, 0, 4096));
  if (config.n_experts > 0) {
    CARAT_CHECK(in(config.top_k_experts, 1, config.n_experts) && in(config.expert_d_ff, 1, 1 << 20));
  }
  for (const std::int64_t id : config.eos_token_ids) CARAT_CHECK(in(id, 0, config.vocab_size - 1));
  for (const std::int64_t id : config.suppress_token_ids) CARAT_CHECK(in(id, 0, config.vocab_size - 1));
  CARAT_CHECK(in(config.pad_token_id, 0, config.vocab_size - 1));
  for (std::size_t i = 0; i < config.layers.size(); ++i) check_layer(config, i);
}

}  // namespace carat::fuzz
