#include "model/tensor_roles.h"

namespace carat::model {
namespace {

using L = LayerTensors;
using M = ModelTensors;

// clang-format off
constexpr LayerRole kLayerRoles[] = {
    {&L::input_layernorm, "input_layernorm.weight", "attn_norm.weight", Use::kVector, {Dim::kModel}, When::kAlways},
    {&L::q_proj, "self_attn.q_proj.weight", "attn_q.weight", Use::kMatrix, {Dim::kQuery, Dim::kModel}, When::kAlways},
    {&L::k_proj, "self_attn.k_proj.weight", "attn_k.weight", Use::kMatrix, {Dim::kKv, Dim::kModel}, When::kOwnKv},
    {&L::v_proj, "self_attn.v_proj.weight", "attn_v.weight", Use::kMatrix, {Dim::kKv, Dim::kModel}, When::kOwnV},
    {&L::o_proj, "self_attn.o_proj.weight", "attn_output.weight", Use::kMatrix, {Dim::kModel, Dim::kQuery}, When::kAlways},
    {&L::q_norm, "self_attn.q_norm.weight", "attn_q_norm.weight", Use::kVector, {Dim::kHead}, When::kAlways},
    {&L::k_norm, "self_attn.k_norm.weight", "attn_k_norm.weight", Use::kVector, {Dim::kHead}, When::kOwnKv},
    {&L::post_attention_layernorm, "post_attention_layernorm.weight", "post_attention_norm.weight", Use::kVector, {Dim::kModel}, When::kAlways},
    {&L::pre_feedforward_layernorm, "pre_feedforward_layernorm.weight", "ffn_norm.weight", Use::kVector, {Dim::kModel}, When::kAlways},
    {&L::gate_proj, "mlp.gate_proj.weight", "ffn_gate.weight", Use::kMatrix, {Dim::kFeedForward, Dim::kModel}, When::kAlways},
    {&L::up_proj, "mlp.up_proj.weight", "ffn_up.weight", Use::kMatrix, {Dim::kFeedForward, Dim::kModel}, When::kAlways},
    {&L::down_proj, "mlp.down_proj.weight", "ffn_down.weight", Use::kMatrix, {Dim::kModel, Dim::kFeedForward}, When::kAlways},
    {&L::post_feedforward_layernorm, "post_feedforward_layernorm.weight", "post_ffw_norm.weight", Use::kVector, {Dim::kModel}, When::kAlways},
    {&L::layer_scalar, "layer_scalar", "layer_output_scale.weight", Use::kVector, {Dim::kOne}, When::kLayerScalar},
    // E2B, E4B: per-layer embeddings.
    {&L::per_layer_input_gate, "per_layer_input_gate.weight", "inp_gate.weight", Use::kMatrix, {Dim::kPle, Dim::kModel}, When::kPle},
    {&L::per_layer_projection, "per_layer_projection.weight", "proj.weight", Use::kMatrix, {Dim::kModel, Dim::kPle}, When::kPle},
    {&L::post_per_layer_input_norm, "post_per_layer_input_norm.weight", "post_norm.weight", Use::kVector, {Dim::kModel}, When::kPle},
    // 26B-A4B: experts beside the dense MLP.
    {&L::router_proj, "router.proj.weight", "ffn_gate_inp.weight", Use::kMatrix, {Dim::kExperts, Dim::kModel}, When::kMoe},
    {&L::router_scale, "router.scale", "ffn_gate_inp.scale", Use::kVector, {Dim::kModel}, When::kMoe},
    {&L::per_expert_scale, "router.per_expert_scale", "ffn_down_exps.scale", Use::kVector, {Dim::kExperts}, When::kMoe},
    {&L::experts_gate_up, "experts.gate_up_proj", "ffn_gate_up_exps.weight", Use::kMatrix, {Dim::kExperts, Dim::kExpertFf2, Dim::kModel}, When::kMoeEither},
    {&L::experts_gate, "", "ffn_gate_exps.weight", Use::kMatrix, {Dim::kExperts, Dim::kExpertFf, Dim::kModel}, When::kMoeEither},
    {&L::experts_up, "", "ffn_up_exps.weight", Use::kMatrix, {Dim::kExperts, Dim::kExpertFf, Dim::kModel}, When::kMoeEither},
    {&L::experts_down, "experts.down_proj", "ffn_down_exps.weight", Use::kMatrix, {Dim::kExperts, Dim::kModel, Dim::kExpertFf}, When::kMoe},
    {&L::pre_feedforward_layernorm_2, "pre_feedforward_layernorm_2.weight", "pre_ffw_norm_2.weight", Use::kVector, {Dim::kModel}, When::kMoe},
    {&L::post_feedforward_layernorm_1, "post_feedforward_layernorm_1.weight", "post_ffw_norm_1.weight", Use::kVector, {Dim::kModel}, When::kMoe},
    {&L::post_feedforward_layernorm_2, "post_feedforward_layernorm_2.weight", "post_ffw_norm_2.weight", Use::kVector, {Dim::kModel}, When::kMoe},
};

constexpr ModelRole kModelRoles[] = {
    {&M::embed_tokens, "embed_tokens.weight", true, "token_embd.weight", Use::kMatrix, {Dim::kVocab, Dim::kModel}, When::kAlways},
    {&M::norm, "norm.weight", true, "output_norm.weight", Use::kVector, {Dim::kModel}, When::kAlways},
    {&M::lm_head, "lm_head.weight", false, "output.weight", Use::kMatrix, {Dim::kVocab, Dim::kModel}, When::kUntied},
    // E2B, E4B.
    {&M::embed_tokens_per_layer, "embed_tokens_per_layer.weight", true, "per_layer_token_embd.weight", Use::kMatrix, {Dim::kVocab, Dim::kAllPle}, When::kPle},
    {&M::per_layer_model_projection, "per_layer_model_projection.weight", true, "per_layer_model_proj.weight", Use::kMatrix, {Dim::kAllPle, Dim::kModel}, When::kPle},
    {&M::per_layer_projection_norm, "per_layer_projection_norm.weight", true, "per_layer_proj_norm.weight", Use::kVector, {Dim::kPle}, When::kPle},
    // Drafters.
    {&M::pre_projection, "pre_projection.weight", false, "nextn.pre_projection.weight", Use::kMatrix, {Dim::kModel, Dim::kBackbone2}, When::kDrafter},
    {&M::post_projection, "post_projection.weight", false, "nextn.post_projection.weight", Use::kMatrix, {Dim::kBackbone, Dim::kModel}, When::kDrafter},
    {&M::centroids, "masked_embedding.centroids.weight", false, "masked_embd_centroids.weight", Use::kMatrix, {Dim::kCentroids, Dim::kModel}, When::kCentroids},
    {&M::token_ordering, "masked_embedding.token_ordering", false, "masked_embd_ordering", Use::kIndices, {Dim::kVocab}, When::kCentroids},
};
// clang-format on

constexpr std::string_view kHfTextPrefixes[] = {"model.language_model.", "language_model.model.", "model."};

constexpr std::string_view kHfIgnoredPrefixes[] = {
    "model.vision_tower.", "model.vision_embedder.", "model.embed_vision.", "model.multi_modal_projector.",
    "model.audio_tower.",  "model.embed_audio.",     "vision_tower.",       "vision_embedder.",
    "embed_vision.",       "multi_modal_projector.", "audio_tower.",        "embed_audio.",
};

// Ollama packs the encoders into the same file. The masked embedder has no GGUF key that says how many clusters to
// read, so a GGUF drafter's head is dense, which gives the same tokens.
constexpr std::string_view kGgufIgnoredPrefixes[] = {"v.", "a.", "mm.", "masked_embd_"};

}  // namespace

std::span<const LayerRole> layer_roles() { return kLayerRoles; }
std::span<const ModelRole> model_roles() { return kModelRoles; }
std::span<const std::string_view> hf_text_prefixes() { return kHfTextPrefixes; }
std::span<const std::string_view> hf_ignored_prefixes() { return kHfIgnoredPrefixes; }
std::span<const std::string_view> gguf_ignored_prefixes() { return kGgufIgnoredPrefixes; }

}  // namespace carat::model
