#include "runtime/work_count.h"

#include <algorithm>
#include <cmath>

namespace carat::runtime {
namespace {

bool is_float(kernels::PackedFormat format) {
  return format == kernels::PackedFormat::kF32 || format == kernels::PackedFormat::kF16 ||
         format == kernels::PackedFormat::kBF16;
}

// Adds `n_slices` slices of a matrix to the count, its parameters to `parameters`.
void add(const nn::PackedMatrix& m, std::int64_t n_slices, std::int64_t& parameters, WeightCount& count) {
  if (m.empty()) return;
  const kernels::PackedView& v = m.view();
  count.bytes += n_slices * v.n_groups() * v.group_bytes;
  parameters += n_slices * v.rows * v.cols;
  if (!is_float(v.format)) count.quantised_parameters += n_slices * v.rows * v.cols;
}

// Keys seen by the rows at positions [first, end) together.
double keys_seen(const model::LayerConfig& layer, std::int64_t first, std::int64_t end) {
  const auto up_to = [&](std::int64_t n) {  // positions 0 ... n - 1
    const std::int64_t growing = layer.window > 0 ? std::min(n, layer.window) : n;
    const auto g = static_cast<double>(growing);
    return g * (g + 1) / 2 + static_cast<double>(n - growing) * static_cast<double>(layer.window);
  };
  return up_to(end) - up_to(first);
}

}  // namespace

WeightCount count_weights(const model::ModelConfig& config, const model::ModelWeights& weights) {
  WeightCount count;
  add(weights.lm_head, 1, count.head_parameters, count);
  add(weights.per_layer_model_projection, 1, count.lower_parameters, count);
  const auto n_lower = static_cast<std::size_t>(config.first_shared_layer());
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const model::LayerWeights& l = weights.layers[i];
    std::int64_t& parameters = i < n_lower ? count.lower_parameters : count.upper_parameters;
    for (const nn::PackedMatrix* m :
         {&l.q_proj, &l.k_proj, &l.v_proj, &l.o_proj, &l.gate_proj, &l.up_proj, &l.down_proj}) {
      add(*m, 1, parameters, count);
    }
    if (l.per_layer) {
      add(l.per_layer->per_layer_input_gate, 1, parameters, count);
      add(l.per_layer->per_layer_projection, 1, parameters, count);
    }
    if (l.moe) {
      add(l.moe->router_proj, 1, parameters, count);
      const std::int64_t before = count.bytes;
      for (const nn::PackedMatrix* m : {&l.moe->gate_up, &l.moe->gate, &l.moe->up, &l.moe->down}) {
        add(*m, config.top_k_experts, parameters, count);
      }
      count.expert_bytes += count.bytes - before;
    }
  }
  return count;
}

double step_weight_bytes(const model::ModelConfig& config, const WeightCount& weights, std::int64_t n_rows) {
  const auto shared = static_cast<double>(weights.bytes - weights.expert_bytes);
  if (weights.expert_bytes == 0) return shared;
  const double n = static_cast<double>(config.n_experts), k = static_cast<double>(config.top_k_experts);
  const double different = n * (1 - std::pow(1 - k / n, static_cast<double>(n_rows)));
  return shared + static_cast<double>(weights.expert_bytes) * different / k;
}

std::int64_t kv_read_bytes(const model::ModelConfig& config, model::KvType type, std::int64_t n_keys) {
  std::int64_t bytes = 0;
  for (const model::LayerConfig& l : config.layers) {
    const std::int64_t keys = l.window > 0 ? std::min(n_keys, l.window) : n_keys;
    bytes += 2 * model::kv_element_bytes(type) * l.n_kv_heads * l.head_dim * keys;
  }
  return bytes;
}

double attention_ops(const model::ModelConfig& config, std::int64_t first, std::int64_t end, std::int64_t n_layers) {
  double ops = 0;
  for (std::int64_t i = 0; i < n_layers; ++i) {
    const model::LayerConfig& l = config.layers[static_cast<std::size_t>(i)];
    ops += 4.0 * static_cast<double>(l.n_heads * l.head_dim) * keys_seen(l, first, end);
  }
  return ops;
}

double prompt_ops(const model::ModelConfig& config, const WeightCount& weights, std::int64_t n_tokens) {
  const std::int64_t n_lower = config.first_shared_layer(), last = n_tokens - 1;
  const double upper_attention =
      attention_ops(config, last, n_tokens, config.n_layers()) - attention_ops(config, last, n_tokens, n_lower);
  return 2.0 * static_cast<double>(weights.lower_parameters) * static_cast<double>(n_tokens) +
         attention_ops(config, 0, n_tokens, n_lower) + upper_attention +
         2.0 * static_cast<double>(weights.upper_parameters + weights.head_parameters);
}

double token_ops(const model::ModelConfig& config, const WeightCount& weights, std::int64_t position) {
  return 2.0 * static_cast<double>(weights.parameters()) +
         attention_ops(config, position, position + 1, config.n_layers());
}

}  // namespace carat::runtime
