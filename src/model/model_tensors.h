#pragma once

#include <vector>

#include "base/result.h"
#include "formats/model_source.h"
#include "formats/tensor_source.h"
#include "model/config.h"

namespace carat::model {

/// The tensors of one layer under their checkpoint names; null where the layer has none. Shapes as in text-model.md 5,
/// checked. Dead K/V weights of layers that share another's are left out.
struct LayerTensors {
  const formats::Tensor* q_proj = nullptr;           ///< [n_heads * head_dim, d_model]
  const formats::Tensor* k_proj = nullptr;           ///< [n_kv_heads * head_dim, d_model]; own K/V only
  const formats::Tensor* v_proj = nullptr;           ///< as k_proj; null where V is K
  const formats::Tensor* o_proj = nullptr;           ///< [d_model, n_heads * head_dim]
  const formats::Tensor* q_norm = nullptr;           ///< [head_dim]
  const formats::Tensor* k_norm = nullptr;           ///< [head_dim]; own K/V only
  const formats::Tensor* input_layernorm = nullptr;  ///< [d_model], as the next three
  const formats::Tensor* post_attention_layernorm = nullptr;
  const formats::Tensor* pre_feedforward_layernorm = nullptr;
  const formats::Tensor* post_feedforward_layernorm = nullptr;
  const formats::Tensor* gate_proj = nullptr;                    ///< [d_ff, d_model]
  const formats::Tensor* up_proj = nullptr;                      ///< [d_ff, d_model]
  const formats::Tensor* down_proj = nullptr;                    ///< [d_model, d_ff]
  const formats::Tensor* layer_scalar = nullptr;                 ///< [1]; Gemma 4
  const formats::Tensor* per_layer_input_gate = nullptr;         ///< [ple_dim, d_model]; E2B, E4B
  const formats::Tensor* per_layer_projection = nullptr;         ///< [d_model, ple_dim]
  const formats::Tensor* post_per_layer_input_norm = nullptr;    ///< [d_model]
  const formats::Tensor* router_proj = nullptr;                  ///< [n_experts, d_model]; 26B-A4B
  const formats::Tensor* router_scale = nullptr;                 ///< [d_model]
  const formats::Tensor* per_expert_scale = nullptr;             ///< [n_experts]
  const formats::Tensor* experts_gate_up = nullptr;              ///< [n_experts, 2 * expert_d_ff, d_model], gate first;
  const formats::Tensor* experts_gate = nullptr;                 ///<   or null, and [n_experts, expert_d_ff, d_model]
  const formats::Tensor* experts_up = nullptr;                   ///<   twice
  const formats::Tensor* experts_down = nullptr;                 ///< [n_experts, d_model, expert_d_ff]
  const formats::Tensor* pre_feedforward_layernorm_2 = nullptr;  ///< [d_model], as the next two
  const formats::Tensor* post_feedforward_layernorm_1 = nullptr;
  const formats::Tensor* post_feedforward_layernorm_2 = nullptr;
};

/// All tensors of a model, in the roles the decoder knows. Points into the ModelSource, which must outlive it.
struct ModelTensors {
  const formats::Tensor* embed_tokens = nullptr;                ///< [vocab_size, d_model]
  const formats::Tensor* lm_head = nullptr;                     ///< [vocab_size, d_model]; null = embed_tokens
  const formats::Tensor* norm = nullptr;                        ///< [d_model]
  const formats::Tensor* embed_tokens_per_layer = nullptr;      ///< [vocab_size, n_layers * ple_dim]; E2B, E4B
  const formats::Tensor* per_layer_model_projection = nullptr;  ///< [n_layers * ple_dim, d_model]
  const formats::Tensor* per_layer_projection_norm = nullptr;   ///< [ple_dim]
  std::vector<LayerTensors> layers;

  // Drafters only.
  const formats::Tensor* pre_projection = nullptr;   ///< [d_model, 2 * backbone_d_model]
  const formats::Tensor* post_projection = nullptr;  ///< [backbone_d_model, d_model]
  const formats::Tensor* centroids = nullptr;        ///< [n_centroids, d_model], or null: dense head
  const formats::Tensor* token_ordering = nullptr;   ///< [vocab_size], I32 or I64
};

/// Finds every tensor that the config asks for by the names of its kind of file, and checks shapes and element types,
/// before anything is allocated. One table says it all: tensor_roles.h.
///
/// Errors name file and tensor: kCorrupt for a missing tensor, a wrong shape, a tensor nobody knows; kUnsupported for
/// element types without arithmetic (IQ1-3, NVFP4, ...) and experts stored one by one.
/// Left out silently: dead K/V weights of sharing layers, vision and audio encoders, an lm_head equal to embed_tokens.
Result<ModelTensors> bind_tensors(const ModelConfig& config, const formats::ModelSource& source);

}  // namespace carat::model
