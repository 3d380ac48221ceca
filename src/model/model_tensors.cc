#include "model/model_tensors.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "formats/printable.h"
#include "model/rope_freqs.h"
#include "model/tensor_roles.h"
#include "quant/decode.h"

namespace carat::model {
namespace {

using formats::printable;
using formats::Tensor;

std::int64_t extent(Dim dim, const ModelConfig& m, const LayerConfig& l) {
  switch (dim) {
    case Dim::kNone:
      return 0;
    case Dim::kOne:
      return 1;
    case Dim::kVocab:
      return m.vocab_size;
    case Dim::kModel:
      return m.d_model;
    case Dim::kQuery:
      return l.n_heads * l.head_dim;
    case Dim::kKv:
      return l.n_kv_heads * l.head_dim;
    case Dim::kHead:
      return l.head_dim;
    case Dim::kFeedForward:
      return l.d_ff;
    case Dim::kPle:
      return m.ple_dim;
    case Dim::kAllPle:
      return m.n_layers() * m.ple_dim;
    case Dim::kExperts:
      return m.n_experts;
    case Dim::kExpertFf:
      return m.expert_d_ff;
    case Dim::kExpertFf2:
      return 2 * m.expert_d_ff;
    case Dim::kBackbone:
      return m.backbone_d_model;
    case Dim::kBackbone2:
      return 2 * m.backbone_d_model;
    case Dim::kCentroids:
      return m.n_centroids;
  }
  return 0;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t e : shape) text += fmt::format("{}{}", text.size() > 1 ? ", " : "", e);
  return text + "]";
}

enum class Need : std::uint8_t { kRequired, kOptional, kIgnored, kUnknown };

bool starts_with_any(std::string_view name, std::span<const std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return name.starts_with(p); });
}

class Binder {
 public:
  Binder(const ModelConfig& config, const formats::ModelSource& source)
      : config_(config),
        source_(source.tensors()),
        gguf_(source.gguf.has_value()),
        where_(source.path.string()),
        known_(source_.tensors().size()) {}

  Result<ModelTensors> bind() {
    if (!gguf_) RETURN_IF_ERROR(find_prefix());
    for (const ModelRole& role : model_roles()) RETURN_IF_ERROR(bind_model_role(role));
    out_.layers.resize(config_.layers.size());
    for (std::int64_t i = 0; i < config_.n_layers(); ++i) RETURN_IF_ERROR(bind_layer(i));
    RETURN_IF_ERROR(settle_head());
    if (gguf_) RETURN_IF_ERROR(check_rope_freqs());
    RETURN_IF_ERROR(refuse_unknown());
    return std::move(out_);
  }

 private:
  // Which of the prefixes the folder's names have, told by the embedding table.
  Result<void> find_prefix() {
    std::string tried;
    for (const std::string_view prefix : hf_text_prefixes()) {
      const std::string name = fmt::format("{}embed_tokens.weight", prefix);
      if (source_.find(name) != nullptr) {
        prefix_ = prefix;
        return {};
      }
      tried += fmt::format("{}{}", tried.empty() ? "" : ", ", name);
    }
    return corrupt(fmt::format("{}: has no embedding table; one of {} was expected", where_, tried));
  }

  Need need_of(When when, const LayerConfig& layer, bool owns_kv) const {
    const auto if_so = [](bool so) { return so ? Need::kRequired : Need::kUnknown; };
    switch (when) {
      case When::kAlways:
        return Need::kRequired;
      case When::kOwnKv:
        return owns_kv ? Need::kRequired : Need::kIgnored;
      case When::kOwnV:
        return owns_kv ? if_so(!layer.v_is_k) : Need::kIgnored;
      case When::kLayerScalar:
        return if_so(config_.has_layer_scalar);
      case When::kPle:
        return if_so(config_.ple_dim > 0);
      case When::kMoe:
        return if_so(config_.n_experts > 0);
      case When::kMoeEither:
        return config_.n_experts > 0 ? Need::kOptional : Need::kUnknown;
      case When::kDrafter:
        return if_so(config_.architecture == Architecture::kGemma4Assistant);
      case When::kCentroids:
        return if_so(config_.n_centroids > 0);
      case When::kUntied:
        return Need::kOptional;
    }
    return Need::kUnknown;
  }

  const Tensor* take(std::string_view name) {
    const Tensor* tensor = source_.find(name);
    if (tensor != nullptr) known_[static_cast<std::size_t>(tensor - source_.tensors().data())] = true;
    return tensor;
  }

  // The tensor in a role, or null when it may be missing and is.
  Result<const Tensor*> bind_role(const std::string& name, Need need, Use use, const Dims& dims,
                                  const LayerConfig& layer) {
    const Tensor* none = nullptr;
    if (need == Need::kUnknown) return none;  // if it is there all the same, refuse_unknown finds it
    const Tensor* tensor = take(name);
    if (need == Need::kIgnored) return none;
    std::vector<std::int64_t> shape;
    for (const Dim dim : dims) {
      if (dim != Dim::kNone) shape.push_back(extent(dim, config_, layer));
    }
    if (tensor == nullptr) {
      if (need == Need::kOptional) return none;
      return corrupt(fmt::format("{}: tensor {} is missing; the config asks for it with shape {}", where_, name,
                                 shape_text(shape)));
    }
    if (tensor->shape != shape) {
      return corrupt(fmt::format("{}: tensor {} has shape {}; the config asks for {}", where_, name,
                                 shape_text(tensor->shape), shape_text(shape)));
    }
    RETURN_IF_ERROR(check_type(*tensor, use));
    return tensor;
  }

  Result<void> check_type(const Tensor& tensor, Use use) const {
    const DType type = tensor.dtype;
    const bool plain = type == DType::kF32 || type == DType::kF16 || type == DType::kBF16;
    switch (use) {
      case Use::kMatrix:
        if (dtype_info(type).is_weight) return {};
        return unsupported(
            fmt::format("{}: tensor {} is {}, a type carat cannot compute with yet; choose a file with "
                        "Q2_K to Q8_0, IQ4, MXFP4 or 16-bit weights",
                        where_, tensor.name, dtype_name(type)));
      case Use::kVector:
        if (plain) return {};
        return unsupported(
            fmt::format("{}: tensor {} is {}; F32, F16 or BF16 was expected", where_, tensor.name, dtype_name(type)));
      case Use::kIndices:
        if (type == DType::kI32 || type == DType::kI64) return {};
        return unsupported(
            fmt::format("{}: tensor {} is {}; I32 or I64 was expected", where_, tensor.name, dtype_name(type)));
    }
    return {};
  }

  // Older multimodal folders of Gemma 3 keep the head under language_model. too.
  std::string hf_top_level_name(std::string_view name) const {
    const std::string nested = fmt::format("language_model.{}", name);
    return source_.find(nested) != nullptr ? nested : std::string(name);
  }

  Result<void> bind_model_role(const ModelRole& role) {
    const std::string name = gguf_              ? std::string(role.gguf)
                             : role.hf_prefixed ? prefix_ + std::string(role.hf)
                                                : hf_top_level_name(role.hf);
    const LayerConfig none;
    ASSIGN_OR_RETURN(out_.*role.slot, bind_role(name, need_of(role.when, none, true), role.use, role.shape, none));
    return {};
  }

  Result<void> bind_layer(std::int64_t i) {
    const LayerConfig& layer = config_.layers[static_cast<std::size_t>(i)];
    LayerTensors& tensors = out_.layers[static_cast<std::size_t>(i)];
    const std::string head = gguf_ ? fmt::format("blk.{}.", i) : fmt::format("{}layers.{}.", prefix_, i);
    if (!gguf_ && config_.n_experts > 0) RETURN_IF_ERROR(refuse_unpacked_experts(head));
    for (const LayerRole& role : layer_roles()) {
      const std::string_view rest = gguf_ ? role.gguf : role.hf;
      if (rest.empty()) continue;
      const Need need = need_of(role.when, layer, layer.owns_kv(i));
      ASSIGN_OR_RETURN(tensors.*role.slot, bind_role(head + std::string(rest), need, role.use, role.shape, layer));
    }
    return config_.n_experts > 0 ? check_experts(head, tensors) : Result<void>();
  }

  Result<void> refuse_unpacked_experts(const std::string& head) const {
    const std::string first = head + "experts.0.gate_proj.weight";
    if (source_.find(first) == nullptr) return {};
    return unsupported(
        fmt::format("{}: tensor {}: experts stored one by one are not read; use the published folder, "
                    "whose experts are fused ({}experts.gate_up_proj)",
                    where_, first, head));
  }

  // Gate and up come fused or as a pair.
  Result<void> check_experts(const std::string& head, const LayerTensors& t) const {
    const bool fused = t.experts_gate_up != nullptr;
    const bool split = t.experts_gate != nullptr || t.experts_up != nullptr;
    if (fused && !split) return {};
    if (!fused && t.experts_gate != nullptr && t.experts_up != nullptr) return {};
    const std::string name = head + (gguf_ ? "ffn_gate_up_exps.weight" : "experts.gate_up_proj");
    if (fused)
      return corrupt(fmt::format("{}: tensor {} is there beside its split form; one was expected", where_, name));
    return corrupt(fmt::format("{}: tensor {} is missing{}", where_, name,
                               gguf_ ? ", and so is one of ffn_gate_exps.weight and ffn_up_exps.weight" : ""));
  }

  // Row by row when the types differ, so that a table of gigabytes is never decoded whole.
  static bool same_values(const Tensor& a, const Tensor& b) {
    if (a.dtype == b.dtype) return std::memcmp(a.data.data(), b.data.data(), b.data.size()) == 0;
    const auto row_bytes = [](const Tensor& t) { return static_cast<std::int64_t>(t.data.size()) / t.rows(); };
    std::vector<float> x(static_cast<std::size_t>(a.cols())), y(x.size());
    for (std::int64_t r = 0; r < a.rows(); ++r) {
      quant::decode_row(a.dtype, a.data.data() + r * row_bytes(a), a.cols(), x.data());
      quant::decode_row(b.dtype, b.data.data() + r * row_bytes(b), b.cols(), y.data());
      if (x != y) return false;
    }
    return true;
  }

  // A stored head that equals the table is the table.
  Result<void> settle_head() {
    const Tensor* head = out_.lm_head;
    const Tensor& table = *out_.embed_tokens;
    if (head == nullptr) {
      if (config_.tied_embeddings) return {};
      return corrupt(fmt::format("{}: tensor lm_head.weight is missing; tie_word_embeddings is false", where_));
    }
    if (same_values(*head, table)) {
      out_.lm_head = nullptr;
    } else if (config_.tied_embeddings && !gguf_) {
      return corrupt(fmt::format("{}: tensor {} differs from {}embed_tokens.weight, but tie_word_embeddings is true",
                                 where_, head->name, prefix_));
    }
    return {};
  }

  Result<void> check_rope_freqs() {
    const Tensor* freqs = config_.architecture == Architecture::kGemma3 ? nullptr : take(kRopeFreqsName);
    const auto full =
        std::find_if(config_.layers.begin(), config_.layers.end(), [](const LayerConfig& l) { return !l.sliding; });
    if (freqs == nullptr || full == config_.layers.end()) return {};
    ASSIGN_OR_RETURN(const std::int64_t pairs, count_rotated_pairs(*freqs, full->head_dim, where_));
    if (pairs == full->rope.n_rotated_pairs) return {};
    return corrupt(fmt::format("{}: tensor {} turns {} pairs, the config {}", where_, kRopeFreqsName, pairs,
                               full->rope.n_rotated_pairs));
  }

  Result<void> refuse_unknown() const {
    const auto ignored = gguf_ ? gguf_ignored_prefixes() : hf_ignored_prefixes();
    const Tensor* first = nullptr;
    std::size_t more = 0;
    for (std::size_t i = 0; i < known_.size(); ++i) {
      const Tensor& tensor = source_.tensors()[i];
      if (known_[i] || starts_with_any(tensor.name, ignored)) continue;
      if (first == nullptr) {
        first = &tensor;
      } else {
        ++more;
      }
    }
    if (first == nullptr) return {};
    return corrupt(
        fmt::format("{}: tensor {}{} has no place in this architecture and config; the file is of another "
                    "model or damaged",
                    where_, printable(first->name), more > 0 ? fmt::format(" (and {} more)", more) : ""));
  }

  const ModelConfig& config_;
  const formats::TensorSource& source_;
  const bool gguf_;
  const std::string where_;
  std::string prefix_;
  std::vector<bool> known_;
  ModelTensors out_;
};

}  // namespace

Result<ModelTensors> bind_tensors(const ModelConfig& config, const formats::ModelSource& source) {
  return Binder(config, source).bind();
}

}  // namespace carat::model
