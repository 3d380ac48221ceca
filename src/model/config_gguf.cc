#include "model/config_gguf.h"

#include <fmt/core.h>

#include <cmath>
#include <string_view>
#include <vector>

#include "formats/printable.h"
#include "model/config_common.h"
#include "model/rope_freqs.h"

namespace carat::model {
namespace {

struct ArchitectureName {
  std::string_view name;
  Architecture architecture;
};

// The one table of architectures in GGUF files.
constexpr ArchitectureName kArchitectures[] = {
    {"gemma4", Architecture::kGemma4},
    {"gemma3", Architecture::kGemma3},
    {"gemma4-assistant", Architecture::kGemma4Assistant},
    {"gemma4_mtp", Architecture::kGemma4Assistant},  // early files
};

// What gguf.md 4 says of files without *_swa keys, and text-model.md 11 of older gemma3 files.
constexpr std::int64_t kSlidingHeadDim = 256;
constexpr double kSlidingRopeBase = 1e4;
constexpr std::int64_t kGemma3Pattern = 6;

class Reader {
 public:
  Reader(const formats::GgufFile& file, std::string name) : file_(file), meta_(file.metadata()) {
    config_.name = std::move(name);
  }

  Result<ModelConfig> read() {
    RETURN_IF_ERROR(read_architecture());
    RETURN_IF_ERROR(read_sizes());
    RETURN_IF_ERROR(read_layers());
    RETURN_IF_ERROR(read_experts());
    RETURN_IF_ERROR(read_token_ids());
    RETURN_IF_ERROR(check_config(where(), config_));
    return std::move(config_);
  }

 private:
  bool gemma3() const { return config_.architecture == Architecture::kGemma3; }
  bool drafter() const { return config_.architecture == Architecture::kGemma4Assistant; }
  const std::string& where() const { return meta_.source(); }
  std::string key(std::string_view rest) const { return fmt::format("{}.{}", prefix_, rest); }
  bool has(std::string_view rest) const { return meta_.has(key(rest)); }

  Result<std::int64_t> get_int(std::string_view rest, std::int64_t min, std::int64_t max) const {
    return meta_.get_int(key(rest), min, max);
  }
  Result<std::int64_t> get_int_or(std::string_view rest, std::int64_t min, std::int64_t max,
                                  std::int64_t absent) const {
    if (!has(rest)) return absent;
    return get_int(rest, min, max);
  }
  Result<double> get_float_or(std::string_view rest, double absent) const {
    if (!has(rest)) return absent;
    return meta_.get_float(key(rest));
  }

  Result<void> read_architecture() {
    ASSIGN_OR_RETURN(const std::string_view name, meta_.get_string("general.architecture"));
    std::string known;
    for (const ArchitectureName& row : kArchitectures) {
      if (row.name == name) {
        config_.architecture = row.architecture;
        prefix_ = name;
        return {};
      }
      known += fmt::format("{}{}", known.empty() ? "" : ", ", row.name);
    }
    if (name == "clip") {
      return unsupported(
          fmt::format("{}: is an image and sound encoder (mmproj), not a language model; name the "
                      "model's own file",
                      where()));
    }
    return unsupported(
        fmt::format("{}: architecture \"{}\" is unknown; carat runs {}", where(), formats::printable(name), known));
  }

  Result<void> read_sizes() {
    const formats::Tensor* table = file_.find("token_embd.weight");
    if (table == nullptr) return corrupt(fmt::format("{}: tensor token_embd.weight is missing", where()));
    config_.vocab_size = table->rows();
    const formats::GgufValue* pieces = meta_.find("tokenizer.ggml.tokens");
    if (pieces != nullptr && pieces->count != static_cast<std::uint64_t>(config_.vocab_size)) {
      return corrupt(fmt::format("{}: tokenizer.ggml.tokens has {} pieces, token_embd.weight {} rows; they must agree",
                                 where(), pieces->count, config_.vocab_size));
    }
    ASSIGN_OR_RETURN(config_.d_model, get_int("embedding_length", 1, kMaxModelWidth));
    ASSIGN_OR_RETURN(config_.context_length, get_int("context_length", 1, kMaxContext));
    ASSIGN_OR_RETURN(config_.rms_norm_eps, meta_.get_float(key("attention.layer_norm_rms_epsilon")));
    config_.embedding_scale = embedding_scale(config_.d_model);
    if (config_.architecture == Architecture::kGemma4 || has("final_logit_softcapping")) {
      ASSIGN_OR_RETURN(config_.final_logit_softcap, meta_.get_float(key("final_logit_softcapping")));
    }
    if (gemma3()) {
      config_.v_norm = false;
      config_.has_layer_scalar = false;
      return {};
    }
    ASSIGN_OR_RETURN(config_.ple_dim, get_int_or("embedding_length_per_layer_input", 0, kMaxPleDim, 0));
    // No key says so: of the released sizes those without per-layer embeddings are trained with it.
    if (!drafter() && config_.ple_dim == 0) config_.block_attention = BlockAttention::kVisionBlocks;
    if (drafter()) {
      const std::string_view width = has("embedding_length_out") ? "embedding_length_out" : "backbone_embedding_length";
      ASSIGN_OR_RETURN(config_.backbone_d_model, get_int(width, 1, kMaxModelWidth));
    }
    return {};
  }

  // true = sliding. An array of bools, a period (Gemma 3), or nothing (older Gemma 3 files).
  Result<std::vector<std::int64_t>> read_pattern(std::int64_t n_layers) const {
    const std::string name = key("attention.sliding_window_pattern");
    const formats::GgufValue* value = meta_.find(name);
    const auto count = static_cast<std::uint64_t>(n_layers);
    if (value != nullptr && value->type == formats::GgufType::kArray) return meta_.get_ints(name, count, count);
    std::int64_t period = kGemma3Pattern;
    if (!gemma3() || value != nullptr) {
      ASSIGN_OR_RETURN(period, meta_.get_int(name, 1, kMaxLayers));
    }
    std::vector<std::int64_t> pattern;
    for (std::int64_t i = 0; i < n_layers; ++i) pattern.push_back((i + 1) % period != 0);
    return pattern;
  }

  // Values have as many dimensions as keys, and RoPE turns within the whole head.
  Result<std::int64_t> read_head_dim(std::string_view suffix, std::int64_t absent) const {
    const std::string length = fmt::format("attention.key_length{}", suffix);
    ASSIGN_OR_RETURN(const std::int64_t head_dim,
                     absent > 0 ? get_int_or(length, 2, kMaxHeadDim, absent) : get_int(length, 2, kMaxHeadDim));
    for (const std::string_view same : {"attention.value_length", "rope.dimension_count"}) {
      const std::string name = fmt::format("{}{}", same, suffix);
      ASSIGN_OR_RETURN(const std::int64_t value, get_int_or(name, 0, kMaxHeadDim, head_dim));
      if (value != head_dim) {
        return unsupported(fmt::format("{}: {} is {}, {} is {}; they are equal in every Gemma", where(), key(name),
                                       value, key(length), head_dim));
      }
    }
    return head_dim;
  }

  Result<RopeConfig> read_full_rope(std::int64_t head_dim) const {
    RopeConfig rope;
    ASSIGN_OR_RETURN(rope.base, meta_.get_float(key("rope.freq_base")));
    rope.n_rotated_pairs = head_dim / 2;
    if (gemma3()) {
      if (has("rope.scaling.type")) {
        ASSIGN_OR_RETURN(const std::string_view type, meta_.get_string(key("rope.scaling.type")));
        if (type == "none") return rope;
        if (type != "linear") {
          return unsupported(fmt::format("{}: {} is \"{}\"; none and linear are known", where(),
                                         key("rope.scaling.type"), formats::printable(type)));
        }
      }
      // Older files say rope.scale_linear.
      ASSIGN_OR_RETURN(const double old_factor, get_float_or("rope.scale_linear", 1));
      ASSIGN_OR_RETURN(rope.position_divisor, get_float_or("rope.scaling.factor", old_factor));
      return rope;
    }
    const formats::Tensor* freqs = file_.find(kRopeFreqsName);
    if (freqs == nullptr) {
      rope.n_rotated_pairs = head_dim / 8;  // partial_rotary_factor 0.25 of head_dim / 2 pairs, in every size
      return rope;
    }
    ASSIGN_OR_RETURN(rope.n_rotated_pairs, count_rotated_pairs(*freqs, head_dim, where()));
    return rope;
  }

  Result<void> read_layers() {
    ASSIGN_OR_RETURN(const std::int64_t n_layers, get_int("block_count", 1, kMaxLayers));
    ASSIGN_OR_RETURN(const auto sliding, read_pattern(n_layers));
    ASSIGN_OR_RETURN(const auto n_heads, meta_.get_per_layer(key("attention.head_count"), n_layers, 1, kMaxHeads));
    ASSIGN_OR_RETURN(const auto n_kv_heads,
                     meta_.get_per_layer(key("attention.head_count_kv"), n_layers, 1, kMaxHeads));
    ASSIGN_OR_RETURN(const auto d_ff, meta_.get_per_layer(key("feed_forward_length"), n_layers, 1, kMaxFeedForward));
    ASSIGN_OR_RETURN(const std::int64_t window, get_int("attention.sliding_window", 1, kMaxContext));
    ASSIGN_OR_RETURN(const std::int64_t full_head_dim, read_head_dim("", 0));
    std::int64_t sliding_head_dim = full_head_dim;
    if (!gemma3()) {
      ASSIGN_OR_RETURN(sliding_head_dim, read_head_dim("_swa", kSlidingHeadDim));
    }
    ASSIGN_OR_RETURN(const RopeConfig full_rope, read_full_rope(full_head_dim));
    RopeConfig sliding_rope;
    ASSIGN_OR_RETURN(sliding_rope.base, get_float_or("rope.freq_base_swa", kSlidingRopeBase));
    sliding_rope.n_rotated_pairs = sliding_head_dim / 2;

    for (std::int64_t i = 0; i < n_layers; ++i) {
      const auto at = static_cast<std::size_t>(i);
      LayerConfig layer;
      layer.sliding = sliding[at] != 0;
      layer.window = layer.sliding ? window : 0;
      layer.n_heads = n_heads[at];
      layer.n_kv_heads = n_kv_heads[at];
      layer.head_dim = layer.sliding ? sliding_head_dim : full_head_dim;
      layer.d_ff = d_ff[at];
      layer.v_is_k = config_.architecture == Architecture::kGemma4 && !layer.sliding &&
                     file_.find(fmt::format("blk.{}.attn_v.weight", i)) == nullptr;
      layer.rope = layer.sliding ? sliding_rope : full_rope;
      config_.layers.push_back(layer);
    }
    if (gemma3()) config_.attention_scale = gemma3_attention_scale(n_layers, full_head_dim);
    if (drafter()) {
      for (LayerConfig& layer : config_.layers) layer.kv_layer = -1;
      return {};
    }
    ASSIGN_OR_RETURN(const std::int64_t n_shared, get_int_or("attention.shared_kv_layers", 0, n_layers, 0));
    return share_kv(where(), n_shared, config_.layers);
  }

  // query_pre_attn_scalar^-0.5, which has no key; 27B, told by its 62 layers, has d_model / n_heads there.
  double gemma3_attention_scale(std::int64_t n_layers, std::int64_t head_dim) const {
    const std::int64_t scalar = n_layers == 62 ? config_.d_model / config_.layers.front().n_heads : head_dim;
    return 1 / std::sqrt(static_cast<double>(scalar));
  }

  Result<void> read_experts() {
    ASSIGN_OR_RETURN(config_.n_experts, get_int_or("expert_count", 0, kMaxExperts, 0));
    if (config_.n_experts == 0) return {};
    ASSIGN_OR_RETURN(config_.top_k_experts, get_int("expert_used_count", 1, config_.n_experts));
    ASSIGN_OR_RETURN(config_.expert_d_ff, get_int("expert_feed_forward_length", 1, kMaxFeedForward));
    return {};
  }

  Result<void> read_token_ids() {
    const std::int64_t last = config_.vocab_size - 1;
    for (const char* name : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
      if (!meta_.has(name)) continue;
      ASSIGN_OR_RETURN(const std::int64_t id, meta_.get_int(name, 0, last));
      append_unique(config_.eos_token_ids, {&id, 1});
    }
    const auto read_list = [&](const char* name, std::vector<std::int64_t>& ids) -> Result<void> {
      if (!meta_.has(name)) return {};
      ASSIGN_OR_RETURN(const auto more, meta_.get_ints(name, 0, static_cast<std::uint64_t>(config_.vocab_size)));
      append_unique(ids, more);
      return {};
    };
    RETURN_IF_ERROR(read_list("tokenizer.ggml.eog_token_ids", config_.eos_token_ids));
    RETURN_IF_ERROR(read_list("tokenizer.ggml.suppress_tokens", config_.suppress_token_ids));
    if (meta_.has("tokenizer.ggml.padding_token_id")) {
      ASSIGN_OR_RETURN(config_.pad_token_id, meta_.get_int("tokenizer.ggml.padding_token_id", 0, last));
    }
    return {};
  }

  const formats::GgufFile& file_;
  const formats::GgufMetadata& meta_;
  std::string prefix_;
  ModelConfig config_;
};

}  // namespace

Result<ModelConfig> config_from_gguf(const formats::GgufFile& file, std::string name) {
  return Reader(file, std::move(name)).read();
}

}  // namespace carat::model
