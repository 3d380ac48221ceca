#pragma once

#include <cstdint>

#include "model/step_context.h"
#include "model/weights.h"

namespace carat::model {

/// K and V of a layer with its own, for all rows, into the pages (spec/text-model.md 3.2):
///   k = rope(rms_norm(k_proj a)),  v = rms_norm(v_proj a) without weight, or of the raw k_proj a where V is K
///
/// normed  [rows, d_model] = a, the rows after input_layernorm
/// q       [rows, n_heads * head_dim]: also receives q_proj a, from the same parallel region; or empty
void write_kv(const LayerConfig& layer, std::int64_t index, const LayerWeights& weights, MatView<const float> normed,
              MatView<float> q, StepContext& step);

/// out = o_proj attention(rope(rms_norm(q)), K, V of the layer or its donor)
///
/// q    [rows, n_heads * head_dim] = q_proj a; overwritten
/// out  [rows, d_model]
void attend(const LayerConfig& layer, std::int64_t index, const LayerWeights& weights, MatView<float> q,
            MatView<float> out, StepContext& step);

/// Arena bytes of both with q, the matrix product's scratch included.
std::size_t attention_scratch_bytes(const ModelConfig& config, std::int64_t n_rows);

}  // namespace carat::model
