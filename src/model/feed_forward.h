#pragma once

#include <cstdint>

#include "model/step_context.h"
#include "model/weights.h"

namespace carat::model {

/// out = down_proj(gelu_tanh(gate_proj z) * up_proj z)         (spec/text-model.md 4.1)
///
/// z, out  [rows, d_model]; must not overlap
void feed_forward(const LayerConfig& layer, const LayerWeights& weights, MatView<const float> z, MatView<float> out,
                  StepContext& step);

/// 26B-A4B: mixture of experts beside the dense MLP; adds its result to the dense one (spec/text-model.md 4.2).
///
///   a = rms_norm(dense) * post_feedforward_layernorm_1
///   p = softmax(router_proj(rms_norm(x) * router_scale));  the top k experts, renormalised, times per_expert_scale
///   b = rms_norm(sum_e w_e down_e(gelu_tanh(gate_e z) * up_e z)) * post_feedforward_layernorm_2,
///   z = rms_norm(x) * pre_feedforward_layernorm_2
///   dense = a + b
///
/// x      [rows, d_model]  the residual after attention: what the router reads
/// dense  [rows, d_model]  the dense MLP's result; replaced
/// A row adds its experts in ascending expert number, so the result does not depend on the batch.
void mixture_of_experts(std::int64_t index, const MoeWeights& weights, MatView<const float> x, MatView<float> dense,
                        StepContext& step);

/// Arena bytes: n_rows rows up to the last layer with own K/V, n_wanted in the layers above it.
std::size_t feed_forward_scratch_bytes(const ModelConfig& config, std::int64_t n_rows, std::int64_t n_wanted);

}  // namespace carat::model
