#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/progress.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "formats/packed/packed_file.h"
#include "model/config.h"
#include "model/model_tensors.h"
#include "nn/packed_matrix.h"
#include "nn/weights.h"

namespace carat::model {

/// 26B-A4B: the experts beside the dense MLP, and their router.
struct MoeWeights {
  nn::PackedMatrix router_proj;                    ///< [n_experts, d_model]
  std::vector<float> router_scale;                 ///< [d_model], d_model^-0.5 multiplied in
  std::vector<float> per_expert_scale;             ///< [n_experts]
  nn::PackedMatrix gate_up;                        ///< slices [2 expert_d_ff, d_model], gate rows first; or empty
  nn::PackedMatrix gate, up;                       ///< split form: slices [expert_d_ff, d_model]
  nn::PackedMatrix down;                           ///< slices [d_model, expert_d_ff]
  std::vector<float> pre_feedforward_layernorm_2;  ///< [d_model]
  std::vector<float> post_feedforward_layernorm_1;
  std::vector<float> post_feedforward_layernorm_2;
};

/// E2B, E4B: what injects a layer's own embedding.
struct PerLayerWeights {
  nn::PackedMatrix per_layer_input_gate;         ///< [ple_dim, d_model]
  nn::PackedMatrix per_layer_projection;         ///< [d_model, ple_dim]
  std::vector<float> post_per_layer_input_norm;  ///< [d_model]
};

/// One layer, under its checkpoint names; empty where the layer has none (spec/text-model.md 5).
struct LayerWeights {
  std::vector<float> input_layernorm;             ///< [d_model]
  nn::PackedMatrix q_proj, k_proj, v_proj;        ///< [heads * head_dim, d_model]; v_proj empty where V is K
  nn::PackedMatrix o_proj;                        ///< [d_model, n_heads * head_dim]
  std::vector<float> q_norm, k_norm;              ///< [head_dim]
  std::vector<float> post_attention_layernorm;    ///< [d_model]
  std::vector<float> pre_feedforward_layernorm;   ///< [d_model]
  nn::PackedMatrix gate_proj, up_proj;            ///< [d_ff, d_model]
  nn::PackedMatrix down_proj;                     ///< [d_model, d_ff]
  std::vector<float> post_feedforward_layernorm;  ///< [d_model]
  float layer_scalar = 1;
  std::optional<MoeWeights> moe;
  std::optional<PerLayerWeights> per_layer;
};

/// Drafters: what ties them to their target (spec/text-model.md 7.2).
struct DrafterWeights {
  nn::PackedMatrix pre_projection;           ///< [d_model, 2 backbone_d_model]
  nn::PackedMatrix post_projection;          ///< [backbone_d_model, d_model]
  nn::PackedMatrix centroids;                ///< [n_centroids, d_model]; empty = dense head
  std::vector<std::int32_t> token_ordering;  ///< [vocab_size]: cluster by cluster, each id once
};

/// A packed matrix as a section of a packed file (packed_copy.h): what it is called there, and a hash of the tensor it
/// was made from, if asked for.
struct PackedTensor {
  std::string section;
  std::span<const std::byte> bytes;
  Hash128 source_hash;
};

struct ModelWeights {
  nn::Embedding embed_tokens;                    ///< [vocab_size, d_model], rows read from the file
  nn::PackedMatrix lm_head;                      ///< [vocab_size, d_model]: the same table packed, if tied
  std::vector<float> norm;                       ///< [d_model]
  nn::Embedding embed_tokens_per_layer;          ///< [vocab_size, n_layers * ple_dim], rows read from the file
  nn::PackedMatrix per_layer_model_projection;   ///< [n_layers * ple_dim, d_model]
  std::vector<float> per_layer_projection_norm;  ///< [ple_dim]
  std::vector<LayerWeights> layers;
  std::optional<DrafterWeights> drafter;
  std::vector<PackedTensor> packed;  ///< every packed matrix above

  std::int64_t packed_bytes() const;
};

struct WeightOptions {
  /// Packed matrices that are ready, to be looked at where they lie; must hold every one and outlive the weights.
  const formats::PackedFile* ready = nullptr;
  bool hash_source = false;  ///< fill PackedTensor::source_hash
  ProgressFn progress;       ///< told about packing, in packed bytes
};

/// Packs everything that is not ready; keeps pointers into `tensors`' source for the two embedding tables.
Result<ModelWeights> load_weights(const ModelConfig& config, const ModelTensors& tensors, ThreadPool& pool,
                                  const WeightOptions& options = {});

/// Every tensor that load_weights packs.
std::vector<const formats::Tensor*> packed_tensors(const ModelTensors& tensors);
/// The section of a packed file that holds it: name, type and shape, so that no section can be taken for another.
std::string packed_section(const formats::Tensor& tensor);

/// What load_weights will allocate for packed weights, without allocating.
std::int64_t planned_weight_bytes(const ModelTensors& tensors);

}  // namespace carat::model
