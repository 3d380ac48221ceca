#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "formats/tensor_source.h"
#include "model/model_tensors.h"

namespace carat::model {

/// A dimension of a tensor's shape, as a function of the config and, in layers, the layer.
enum class Dim : std::uint8_t {
  kNone,  ///< no further dimension
  kOne,
  kVocab,        ///< vocab_size
  kModel,        ///< d_model
  kQuery,        ///< n_heads * head_dim
  kKv,           ///< n_kv_heads * head_dim
  kHead,         ///< head_dim
  kFeedForward,  ///< d_ff
  kPle,          ///< ple_dim
  kAllPle,       ///< n_layers * ple_dim
  kExperts,      ///< n_experts
  kExpertFf,     ///< expert_d_ff
  kExpertFf2,    ///< 2 * expert_d_ff
  kBackbone,     ///< backbone_d_model
  kBackbone2,    ///< 2 * backbone_d_model
  kCentroids,    ///< n_centroids
};

/// When a role must be filled; elsewhere a tensor of that name is unknown, or ignored where `dead` says so.
enum class When : std::uint8_t {
  kAlways,
  kOwnKv,        ///< the layer has K/V of its own
  kOwnV,         ///< ... and V is not K
  kLayerScalar,  ///< has_layer_scalar
  kPle,          ///< ple_dim > 0
  kMoe,          ///< n_experts > 0
  kMoeEither,    ///< n_experts > 0; fused or split, checked by the binder
  kDrafter,      ///< Architecture::kGemma4Assistant
  kCentroids,    ///< n_centroids > 0
  kUntied,       ///< optional, and then the head
};

/// What a tensor is used as, hence which element types it may have.
enum class Use : std::uint8_t {
  kMatrix,   ///< every type carat multiplies by
  kVector,   ///< F32, F16, BF16
  kIndices,  ///< I32, I64
};

using Dims = std::array<Dim, 3>;  ///< slowest first, kNone-padded

/// `hf` follows the text prefix (model.language_model., ...) and, in layers, "layers.N."; `gguf` follows "blk.N.".
struct LayerRole {
  const formats::Tensor* LayerTensors::*slot;
  std::string_view hf;  ///< empty = no such tensor in folders
  std::string_view gguf;
  Use use;
  Dims shape;
  When when;
};

struct ModelRole {
  const formats::Tensor* ModelTensors::*slot;
  std::string_view hf;
  bool hf_prefixed;  ///< whether the text prefix comes first
  std::string_view gguf;
  Use use;
  Dims shape;
  When when;
};

/// The one table of tensors: a new kind of weight is a line here and a member in model_tensors.h.
std::span<const LayerRole> layer_roles();
std::span<const ModelRole> model_roles();

/// Where the text model's names start in a folder, most specific first.
std::span<const std::string_view> hf_text_prefixes();
/// Names that begin so belong to parts which are loaded elsewhere: encoders and their projectors.
std::span<const std::string_view> hf_ignored_prefixes();
std::span<const std::string_view> gguf_ignored_prefixes();

}  // namespace carat::model
