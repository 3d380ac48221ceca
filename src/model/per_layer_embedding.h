#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/step_context.h"
#include "model/weights.h"

namespace carat::model {

/// E2B, E4B: the input that every layer adds for itself (spec/text-model.md 2.2), once a step:
///
///   tok = table[id] * bf16(sqrt(ple_dim));   soft embeddings look up <pad>
///   ctx = rms_norm(per_layer_model_projection x * d_model^-0.5), each layer's ple_dim by itself
///   ple = (ctx + tok) * 2^-0.5
///
/// x [rows, d_model] = scaled embeddings, soft ones merged in;  ple [rows, n_layers * ple_dim]
/// Error: kCorrupt when a table row looked up holds a scale that is not finite.
Result<void> per_layer_inputs(const ModelWeights& weights, MatView<const float> x, MatView<float> ple,
                              StepContext& step);

/// x += rms_norm(per_layer_projection(gelu_tanh(per_layer_input_gate x) * ple_i)) * post_per_layer_input_norm
///
/// x [rows, d_model] in place;  ple_i [rows, ple_dim], rows strided
void add_per_layer_input(const PerLayerWeights& weights, MatView<const float> ple_i, MatView<float> x,
                         StepContext& step);

std::size_t per_layer_scratch_bytes(const ModelConfig& config, std::int64_t n_rows);

}  // namespace carat::model
