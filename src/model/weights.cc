#include "model/weights.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/file.h"
#include "formats/tensor_values.h"

namespace carat::model {
namespace {

// Packs one tensor after the other and drops the file's pages behind itself, or finds them packed.
class Loader {
 public:
  Loader(const ModelConfig& config, std::int64_t n_bytes, ThreadPool& pool, const WeightOptions& options,
         std::vector<PackedTensor>& packed)
      : norm_offset_(config.norm_adds_one ? 1.0f : 0.0f),
        pool_(pool),
        options_(options),
        progress_(options.progress, "packing the weights", static_cast<std::uint64_t>(n_bytes)),
        packed_(packed) {}

  Result<void> matrix(const formats::Tensor* tensor, nn::PackedMatrix& out) {
    if (tensor == nullptr) return {};
    PackedTensor packed{packed_section(*tensor), {}, {}};
    if (options_.ready != nullptr) {
      const std::span<const std::byte> ready = options_.ready->find(packed.section);
      if (ready.size() != static_cast<std::size_t>(nn::PackedMatrix::packed_bytes(*tensor))) {
        return corrupt(
            fmt::format("{}: section {} is missing; delete the file", options_.ready->path().string(), packed.section));
      }
      out = nn::PackedMatrix::view_of(*tensor, ready);
    } else {
      Hash128* hash = options_.hash_source ? &packed.source_hash : nullptr;
      ASSIGN_OR_RETURN(out, nn::PackedMatrix::pack(*tensor, pool_, hash, &progress_));
      progress_.report();
      MappedFile::drop_pages(tensor->data);
    }
    packed.bytes = out.packed();
    packed_.push_back(std::move(packed));
    return {};
  }
  Result<void> norm(const formats::Tensor* tensor, std::vector<float>& out) {
    return vector(tensor, out, norm_offset_);
  }
  Result<void> vector(const formats::Tensor* tensor, std::vector<float>& out, float add = 0.0f) {
    if (tensor == nullptr) return {};
    ASSIGN_OR_RETURN(out, nn::read_vector(*tensor, add));
    return {};
  }

 private:
  float norm_offset_;
  ThreadPool& pool_;
  const WeightOptions& options_;
  ProgressCounter progress_;
  std::vector<PackedTensor>& packed_;
};

Result<void> load_moe(const ModelConfig& config, const LayerTensors& t, Loader& load, MoeWeights& w) {
  RETURN_IF_ERROR(load.matrix(t.router_proj, w.router_proj));
  RETURN_IF_ERROR(load.vector(t.router_scale, w.router_scale));
  const auto root = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.d_model)));
  for (float& s : w.router_scale) s *= root;
  RETURN_IF_ERROR(load.vector(t.per_expert_scale, w.per_expert_scale));
  RETURN_IF_ERROR(load.matrix(t.experts_gate_up, w.gate_up));
  RETURN_IF_ERROR(load.matrix(t.experts_gate, w.gate));
  RETURN_IF_ERROR(load.matrix(t.experts_up, w.up));
  RETURN_IF_ERROR(load.matrix(t.experts_down, w.down));
  RETURN_IF_ERROR(load.norm(t.pre_feedforward_layernorm_2, w.pre_feedforward_layernorm_2));
  RETURN_IF_ERROR(load.norm(t.post_feedforward_layernorm_1, w.post_feedforward_layernorm_1));
  return load.norm(t.post_feedforward_layernorm_2, w.post_feedforward_layernorm_2);
}

Result<void> load_layer(const ModelConfig& config, const LayerTensors& t, Loader& load, LayerWeights& w) {
  RETURN_IF_ERROR(load.norm(t.input_layernorm, w.input_layernorm));
  RETURN_IF_ERROR(load.matrix(t.q_proj, w.q_proj));
  RETURN_IF_ERROR(load.matrix(t.k_proj, w.k_proj));
  RETURN_IF_ERROR(load.matrix(t.v_proj, w.v_proj));
  RETURN_IF_ERROR(load.matrix(t.o_proj, w.o_proj));
  RETURN_IF_ERROR(load.norm(t.q_norm, w.q_norm));
  RETURN_IF_ERROR(load.norm(t.k_norm, w.k_norm));
  RETURN_IF_ERROR(load.norm(t.post_attention_layernorm, w.post_attention_layernorm));
  RETURN_IF_ERROR(load.norm(t.pre_feedforward_layernorm, w.pre_feedforward_layernorm));
  RETURN_IF_ERROR(load.matrix(t.gate_proj, w.gate_proj));
  RETURN_IF_ERROR(load.matrix(t.up_proj, w.up_proj));
  RETURN_IF_ERROR(load.matrix(t.down_proj, w.down_proj));
  RETURN_IF_ERROR(load.norm(t.post_feedforward_layernorm, w.post_feedforward_layernorm));
  if (t.layer_scalar != nullptr) {
    std::vector<float> scalar;
    RETURN_IF_ERROR(load.vector(t.layer_scalar, scalar));
    w.layer_scalar = scalar.at(0);
  }
  if (t.router_proj != nullptr) {
    RETURN_IF_ERROR(load_moe(config, t, load, w.moe.emplace()));
  }
  if (t.per_layer_input_gate != nullptr) {
    PerLayerWeights& p = w.per_layer.emplace();
    RETURN_IF_ERROR(load.matrix(t.per_layer_input_gate, p.per_layer_input_gate));
    RETURN_IF_ERROR(load.matrix(t.per_layer_projection, p.per_layer_projection));
    RETURN_IF_ERROR(load.norm(t.post_per_layer_input_norm, p.post_per_layer_input_norm));
  }
  return {};
}

// Ids of the clusters, one after the other; every id of the vocabulary exactly once.
Result<std::vector<std::int32_t>> read_token_ordering(const formats::Tensor& tensor, std::int64_t vocab_size) {
  ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids, formats::to_ints(tensor));
  std::vector<bool> seen(static_cast<std::size_t>(vocab_size), false);
  std::vector<std::int32_t> ordering;
  ordering.reserve(ids.size());
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= vocab_size || seen[static_cast<std::size_t>(id)]) {
      return corrupt(
          fmt::format("tensor {}: token id {} is outside the vocabulary of {} or there twice; download the file again",
                      tensor.name, id, vocab_size));
    }
    seen[static_cast<std::size_t>(id)] = true;
    ordering.push_back(static_cast<std::int32_t>(id));
  }
  return ordering;
}

Result<void> load_drafter(const ModelConfig& config, const ModelTensors& t, Loader& load, DrafterWeights& w) {
  RETURN_IF_ERROR(load.matrix(t.pre_projection, w.pre_projection));
  RETURN_IF_ERROR(load.matrix(t.post_projection, w.post_projection));
  RETURN_IF_ERROR(load.matrix(t.centroids, w.centroids));
  if (t.token_ordering == nullptr) return {};
  ASSIGN_OR_RETURN(w.token_ordering, read_token_ordering(*t.token_ordering, config.vocab_size));
  return {};
}

// The table that logits are made with: the embedding's own, if tied.
const formats::Tensor* head_tensor(const ModelTensors& t) { return t.lm_head != nullptr ? t.lm_head : t.embed_tokens; }

}  // namespace

std::int64_t ModelWeights::packed_bytes() const {
  std::int64_t bytes = 0;
  for (const PackedTensor& tensor : packed) bytes += static_cast<std::int64_t>(tensor.bytes.size());
  return bytes;
}

std::vector<const formats::Tensor*> packed_tensors(const ModelTensors& tensors) {
  std::vector<const formats::Tensor*> list;
  const auto add = [&](const formats::Tensor* tensor) {
    if (tensor != nullptr) list.push_back(tensor);
  };
  add(head_tensor(tensors));
  add(tensors.per_layer_model_projection);
  for (const LayerTensors& t : tensors.layers) {
    for (const formats::Tensor* m :
         {t.q_proj, t.k_proj, t.v_proj, t.o_proj, t.gate_proj, t.up_proj, t.down_proj, t.router_proj, t.experts_gate_up,
          t.experts_gate, t.experts_up, t.experts_down, t.per_layer_input_gate, t.per_layer_projection}) {
      add(m);
    }
  }
  for (const formats::Tensor* m : {tensors.pre_projection, tensors.post_projection, tensors.centroids}) add(m);
  return list;
}

std::string packed_section(const formats::Tensor& tensor) {
  return fmt::format("weight {} {} [{}]", tensor.name, dtype_name(tensor.dtype), fmt::join(tensor.shape, ","));
}

std::int64_t planned_weight_bytes(const ModelTensors& tensors) {
  std::int64_t bytes = 0;
  for (const formats::Tensor* tensor : packed_tensors(tensors)) bytes += nn::PackedMatrix::packed_bytes(*tensor);
  return bytes;
}

Result<ModelWeights> load_weights(const ModelConfig& config, const ModelTensors& tensors, ThreadPool& pool,
                                  const WeightOptions& options) {
  ModelWeights w;
  Loader load(config, planned_weight_bytes(tensors), pool, options, w.packed);
  w.embed_tokens = nn::Embedding(tensors.embed_tokens);
  RETURN_IF_ERROR(load.matrix(head_tensor(tensors), w.lm_head));
  RETURN_IF_ERROR(load.norm(tensors.norm, w.norm));
  if (tensors.embed_tokens_per_layer != nullptr) {
    w.embed_tokens_per_layer = nn::Embedding(tensors.embed_tokens_per_layer);
    RETURN_IF_ERROR(load.matrix(tensors.per_layer_model_projection, w.per_layer_model_projection));
    RETURN_IF_ERROR(load.norm(tensors.per_layer_projection_norm, w.per_layer_projection_norm));
  }
  w.layers.resize(tensors.layers.size());
  for (std::size_t i = 0; i < tensors.layers.size(); ++i) {
    RETURN_IF_ERROR(load_layer(config, tensors.layers[i], load, w.layers[i]));
  }
  if (tensors.pre_projection != nullptr) {
    RETURN_IF_ERROR(load_drafter(config, tensors, load, w.drafter.emplace()));
  }
  return w;
}

}  // namespace carat::model
