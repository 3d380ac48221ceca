#include "cli/model_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "cli/quantities.h"
#include "kernels/packed/layout.h"
#include "kernels/packed/pack.h"
#include "model/tensor_roles.h"
#include "nn/packed_matrix.h"

namespace carat::cli {
namespace {

using formats::Tensor;

enum class Fate { kPacked, kVector, kInFile, kIndices };

/// What load_weights (model/weights.h) does with every tensor that has a role.
std::unordered_map<const Tensor*, Fate> fates_of(const model::ModelTensors& tensors) {
  std::unordered_map<const Tensor*, Fate> fates;
  const auto note = [&](const Tensor* tensor, model::Use use) {
    if (tensor == nullptr) return;
    fates[tensor] = use == model::Use::kMatrix   ? Fate::kPacked
                    : use == model::Use::kVector ? Fate::kVector
                                                 : Fate::kIndices;
  };
  for (const model::ModelRole& role : model::model_roles()) note(tensors.*role.slot, role.use);
  for (const model::LayerTensors& layer : tensors.layers) {
    for (const model::LayerRole& role : model::layer_roles()) note(layer.*role.slot, role.use);
  }
  if (tensors.embed_tokens_per_layer != nullptr) fates[tensors.embed_tokens_per_layer] = Fate::kInFile;
  if (tensors.lm_head != nullptr) fates[tensors.embed_tokens] = Fate::kInFile;
  return fates;
}

// Whether packed weights of the type take more bytes than the file's, the padding of small matrices not counted.
bool format_is_wider(DType dtype) {
  constexpr std::int64_t kCols = 64 * 256;  // no padding in any format
  const DTypeInfo& info = dtype_info(dtype);
  const auto file_bytes = kernels::kGroupRows * kCols / static_cast<std::int64_t>(info.block_elements) *
                          static_cast<std::int64_t>(info.block_bytes);
  return kernels::packed_group_bytes(*kernels::packed_format(dtype), kCols) > file_bytes;
}

}  // namespace

std::vector<TensorTypeUse> tensor_type_uses(const model::Checkpoint& checkpoint) {
  const auto fates = fates_of(checkpoint.tensors);
  std::map<std::pair<DType, std::string>, TensorTypeUse> uses;
  for (const Tensor& tensor : checkpoint.source.tensors().tensors()) {
    std::string stored_as = "not loaded";
    std::int64_t memory = 0;
    bool packed = false;
    if (const auto fate = fates.find(&tensor); fate != fates.end()) {
      switch (fate->second) {
        case Fate::kPacked:
          stored_as = kernels::packed_format_name(*kernels::packed_format(tensor.dtype));
          memory = nn::PackedMatrix::packed_bytes(tensor);
          packed = true;
          break;
        case Fate::kVector:
          stored_as = "f32";
          memory = tensor.n_elements() * 4;
          break;
        case Fate::kInFile:
          stored_as = "in file";
          break;
        case Fate::kIndices:
          stored_as = "indices";
          break;
      }
    }
    TensorTypeUse& use =
        uses.try_emplace({tensor.dtype, stored_as}, TensorTypeUse{tensor.dtype, stored_as}).first->second;
    use.packed = packed;
    ++use.n_tensors;
    use.n_elements += tensor.n_elements();
    use.file_bytes += static_cast<std::int64_t>(tensor.data.size());
    use.memory_bytes += memory;
  }
  std::vector<TensorTypeUse> sorted;
  for (auto& [key, use] : uses) sorted.push_back(std::move(use));
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::tuple(-a.file_bytes, a.dtype, a.stored_as) < std::tuple(-b.file_bytes, b.dtype, b.stored_as);
  });
  return sorted;
}

std::string growth_when_packed(const TensorTypeUse& use) {
  if (!use.packed || !format_is_wider(use.dtype)) return "";
  return fmt::format("{} grows when packed: {} in the file, {} in memory", dtype_name(use.dtype),
                     human_bytes(static_cast<std::uint64_t>(use.file_bytes)),
                     human_bytes(static_cast<std::uint64_t>(use.memory_bytes)));
}

std::vector<LayerKind> layer_kinds(const model::ModelConfig& config) {
  std::vector<LayerKind> kinds;
  for (std::int64_t i = 0; i < config.n_layers(); ++i) {
    model::LayerConfig layer = config.layers[static_cast<std::size_t>(i)];
    const bool owns = layer.owns_kv(i);
    layer.kv_layer = 0;  // the place does not make a kind
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const LayerKind& kind) {
      const model::LayerConfig& l = kind.layer;
      return kind.owns_kv == owns && l.sliding == layer.sliding && l.window == layer.window &&
             l.n_heads == layer.n_heads && l.n_kv_heads == layer.n_kv_heads && l.head_dim == layer.head_dim &&
             l.d_ff == layer.d_ff && l.v_is_k == layer.v_is_k && l.rope == layer.rope;
    });
    if (same == kinds.end()) {
      kinds.push_back({layer, i, 1, owns});
    } else {
      ++same->n_layers;
    }
  }
  return kinds;
}

std::string_view architecture_name(model::Architecture architecture) {
  switch (architecture) {
    case model::Architecture::kGemma3:
      return "gemma3";
    case model::Architecture::kGemma4:
      return "gemma4";
    case model::Architecture::kGemma4Assistant:
      return "gemma4-assistant";
  }
  return "unknown";
}

}  // namespace carat::cli
