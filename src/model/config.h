#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace carat::model {

/// The architectures of one forward pass; each is a set of values below, never a branch in the decoder.
enum class Architecture : std::uint8_t { kGemma3, kGemma4, kGemma4Assistant };

/// Which rows of a step see each other although one comes later.
enum class BlockAttention : std::uint8_t {
  kCausal,        ///< nobody: E2B, E4B, Gemma 3 text
  kVisionBlocks,  ///< rows of one block, in sliding layers, inside the window on both sides: 12B, 26B-A4B, 31B
};

/// theta(pos, j) = (pos / position_divisor) * base^(-2 j / head_dim) for pairs (j, j + head_dim / 2), j <
/// n_rotated_pairs; the other pairs do not turn. Source: spec/text-model.md 3.3.
struct RopeConfig {
  double base = 0;                   ///< rope_theta
  double position_divisor = 1;       ///< rope_scaling.factor (Gemma 3 global layers: 8)
  std::int64_t n_rotated_pairs = 0;  ///< head_dim / 2, or partial_rotary_factor of it

  bool operator==(const RopeConfig&) const = default;
};

/// One layer of the decoder: everything that differs between sizes and between sliding and full layers.
struct LayerConfig {
  bool sliding = false;         ///< layer_types[i] == "sliding_attention"
  std::int64_t window = 0;      ///< sliding_window; keys seen including the row itself; 0 = all (full layer)
  std::int64_t n_heads = 0;     ///< num_attention_heads
  std::int64_t n_kv_heads = 0;  ///< num_key_value_heads, or num_global_key_value_heads on k_eq_v full layers
  std::int64_t head_dim = 0;    ///< head_dim, or global_head_dim on full layers
  std::int64_t d_ff = 0;        ///< intermediate_size (twice that on E2B's shared layers)
  std::int64_t kv_layer = 0;    ///< whose K/V it reads: its own index, or the donor's (num_kv_shared_layers);
                                ///< -1 in drafters: the target's last own layer of the same type
  bool v_is_k = false;          ///< attention_k_eq_v on full layers: V is the raw K projection
  RopeConfig rope;

  bool owns_kv(std::int64_t index) const { return kv_layer == index; }
};

/// A whole text model. Filled from a Hugging Face config or from GGUF metadata by the functions in config_hf.h and
/// config_gguf.h, which refuse missing and impossible values by name; nothing falls back to a class default.
struct ModelConfig {
  Architecture architecture = Architecture::kGemma4;
  std::string name;  ///< general.name, or the folder's name; for people
  std::int64_t vocab_size = 0;
  std::int64_t d_model = 0;         ///< hidden_size
  std::int64_t context_length = 0;  ///< max_position_embeddings
  double rms_norm_eps = 1e-6;
  float embedding_scale = 1;       ///< bf16(sqrt(d_model)), for every model
  double attention_scale = 1;      ///< Gemma 4: 1; Gemma 3: query_pre_attn_scalar^-0.5
  bool norm_adds_one = false;      ///< Gemma 3 safetensors store w of (1 + w); GGUF already holds 1 + w
  bool v_norm = true;              ///< weightless RMS norm on V (Gemma 4)
  bool has_layer_scalar = true;    ///< Gemma 4
  double final_logit_softcap = 0;  ///< final_logit_softcapping; 0 = none
  bool tied_embeddings = true;     ///< tie_word_embeddings: logits are made with embed_tokens
  std::int64_t ple_dim = 0;        ///< hidden_size_per_layer_input; 0 = no per-layer embeddings
  std::int64_t n_experts = 0;      ///< num_experts; 0 = no MoE
  std::int64_t top_k_experts = 0;
  std::int64_t expert_d_ff = 0;  ///< moe_intermediate_size (also expert_intermediate_size)
  BlockAttention block_attention = BlockAttention::kCausal;
  std::int64_t pad_token_id = 0;
  std::vector<std::int64_t> eos_token_ids;       ///< config, generation_config, GGUF eos/eot/eog, in that order, unique
  std::vector<std::int64_t> suppress_token_ids;  ///< generation_config.suppress_tokens; their logits become -inf
  std::vector<LayerConfig> layers;

  // Drafters (Architecture::kGemma4Assistant) only.
  std::int64_t backbone_d_model = 0;  ///< backbone_hidden_size
  std::int64_t n_centroids = 0;       ///< use_ordered_embeddings: num_centroids; 0 = dense head
  std::int64_t centroid_top_k = 0;

  std::int64_t n_layers() const { return static_cast<std::int64_t>(layers.size()); }
  /// The first layer above the last one with K/V of its own; rows that want no output stop there.
  std::int64_t first_shared_layer() const {
    std::int64_t first = n_layers();
    while (first > 0 && !layers[static_cast<std::size_t>(first - 1)].owns_kv(first - 1)) --first;
    return first;
  }
};

}  // namespace carat::model
