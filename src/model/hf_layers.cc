#include "model/hf_layers.h"

#include <fmt/core.h>

#include <string>

#include "formats/printable.h"
#include "model/config_common.h"

namespace carat::model {
namespace {

Result<std::vector<bool>> from_names(const JsonFields& text, std::int64_t n_layers) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, text.get_strings("layer_types"));
  if (static_cast<std::int64_t>(names.size()) != n_layers) {
    return corrupt(fmt::format("{}: layer_types has {} entries, num_hidden_layers is {}; they must agree", text.where(),
                               names.size(), n_layers));
  }
  std::vector<bool> sliding;
  for (const std::string& name : names) {
    if (name != "sliding_attention" && name != "full_attention") {
      return unsupported(fmt::format("{}: layer_types has \"{}\"; sliding_attention and full_attention are known",
                                     text.where(), formats::printable(name)));
    }
    sliding.push_back(name == "sliding_attention");
  }
  return sliding;
}

Result<RopeConfig> read_rope_object(const JsonFields& rope, std::int64_t head_dim) {
  RopeConfig config;
  ASSIGN_OR_RETURN(config.base, rope.get_number("rope_theta"));
  ASSIGN_OR_RETURN(const std::string type, rope.get_string("rope_type"));
  config.n_rotated_pairs = head_dim / 2;
  if (rope.has("factor")) {
    ASSIGN_OR_RETURN(config.position_divisor, rope.get_number("factor"));
  }
  double rotated = 1;
  if (rope.has("partial_rotary_factor")) {
    ASSIGN_OR_RETURN(rotated, rope.get_number("partial_rotary_factor"));
  }
  if (!(rotated > 0 && rotated <= 1)) return rope.wrong("partial_rotary_factor", "a value above 0 and up to 1");
  if (type == "proportional") {
    config.n_rotated_pairs = static_cast<std::int64_t>(rotated * static_cast<double>(head_dim) / 2);
    return config;
  }
  if (type != "default" && type != "linear") {
    return unsupported(fmt::format("{}: rope_type \"{}\" is not one of default, linear, proportional", rope.where(),
                                   formats::printable(type)));
  }
  if (rotated != 1) {
    return unsupported(fmt::format("{}: partial_rotary_factor goes with rope_type proportional only", rope.where()));
  }
  if (type == "linear") {
    if (!rope.has("factor")) return rope.missing("factor");
    return config;
  }
  config.position_divisor = 1;  // the default type has no factor
  return config;
}

// Gemma 3's older spelling: the scaling applies to the full layers only.
Result<RopePair> read_old_rope(const JsonFields& text, std::int64_t full_head_dim, std::int64_t sliding_head_dim) {
  RopePair pair;
  ASSIGN_OR_RETURN(pair.full.base, text.get_number("rope_theta"));
  ASSIGN_OR_RETURN(pair.sliding.base, text.get_number("rope_local_base_freq"));
  pair.full.n_rotated_pairs = full_head_dim / 2;
  pair.sliding.n_rotated_pairs = sliding_head_dim / 2;
  if (!text.has("rope_scaling")) return pair;
  ASSIGN_OR_RETURN(const JsonFields scaling, text.get_object("rope_scaling"));
  ASSIGN_OR_RETURN(const std::string type, scaling.get_string(scaling.has("rope_type") ? "rope_type" : "type"));
  if (type == "default") return pair;
  if (type != "linear") {
    return unsupported(fmt::format("{}: RoPE scaling \"{}\" is not one of default, linear", scaling.where(),
                                   formats::printable(type)));
  }
  ASSIGN_OR_RETURN(pair.full.position_divisor, scaling.get_number("factor"));
  return pair;
}

}  // namespace

Result<std::vector<bool>> read_layer_types(const JsonFields& text, bool gemma4, std::int64_t n_layers) {
  std::vector<bool> sliding;
  if (text.has("layer_types")) {
    ASSIGN_OR_RETURN(sliding, from_names(text, n_layers));
  } else {
    const bool old = text.has("_sliding_window_pattern");
    const std::string_view key = old ? "_sliding_window_pattern" : "sliding_window_pattern";
    std::int64_t pattern = 6;
    if (!gemma4 || text.has(key)) {
      ASSIGN_OR_RETURN(pattern, text.get_int(key, 1, kMaxLayers));
    }
    for (std::int64_t i = 0; i < n_layers; ++i) sliding.push_back((i + 1) % pattern != 0);
  }
  if (gemma4) sliding.back() = false;
  return sliding;
}

Result<RopePair> read_rope(const JsonFields& text, std::int64_t full_head_dim, std::int64_t sliding_head_dim) {
  if (!text.has("rope_parameters")) return read_old_rope(text, full_head_dim, sliding_head_dim);
  ASSIGN_OR_RETURN(const JsonFields both, text.get_object("rope_parameters"));
  ASSIGN_OR_RETURN(const JsonFields full, both.get_object("full_attention"));
  ASSIGN_OR_RETURN(const JsonFields sliding, both.get_object("sliding_attention"));
  RopePair pair;
  ASSIGN_OR_RETURN(pair.full, read_rope_object(full, full_head_dim));
  ASSIGN_OR_RETURN(pair.sliding, read_rope_object(sliding, sliding_head_dim));
  return pair;
}

}  // namespace carat::model
