#include "model/hf_layer_shapes.h"

#include <fmt/core.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "formats/printable.h"
#include "model/config_common.h"

namespace carat::model {
namespace {

constexpr std::string_view kPerLayer = "per_layer_config";

// "04" is layer 4: indices are padded to the width of the largest.
Result<std::int64_t> layer_index(const JsonFields& per_layer, const std::string& key, std::int64_t n_layers) {
  std::int64_t index = -1;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size() || index < 0 || index >= n_layers) {
    return corrupt(fmt::format("{}: \"{}\" is no layer; 0 to {} were expected", per_layer.where(),
                               formats::printable(key), n_layers - 1));
  }
  return index;
}

Result<void> apply_overrides(const JsonFields& overrides, LayerShape& shape) {
  for (const auto& [key, value] : overrides.json().items()) {
    if (key == "head_dim") {
      ASSIGN_OR_RETURN(shape.head_dim, overrides.get_int(key, 2, kMaxHeadDim));
    } else if (key == "num_key_value_heads") {
      ASSIGN_OR_RETURN(shape.n_kv_heads, overrides.get_int(key, 1, kMaxHeads));
    } else {
      return unsupported(fmt::format("{}: {} is set for one layer; head_dim and num_key_value_heads are known there",
                                     overrides.where(), formats::printable(key)));
    }
  }
  return {};
}

Result<void> check_types_agree(const JsonFields& text, const std::vector<bool>& sliding,
                               const std::vector<LayerShape>& shapes) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (sliding[i] != sliding[j] || shapes[i] == shapes[j]) continue;
      return unsupported(
          fmt::format("{}: {} gives layers {} and {} of one type different shapes", text.where(), kPerLayer, j, i));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<LayerShape>> read_layer_shapes(const JsonFields& text, bool gemma4,
                                                  const std::vector<bool>& sliding) {
  LayerShape common;
  ASSIGN_OR_RETURN(common.head_dim, text.get_int("head_dim", 2, kMaxHeadDim));
  ASSIGN_OR_RETURN(common.n_kv_heads, text.get_int("num_key_value_heads", 1, kMaxHeads));
  std::vector<LayerShape> shapes(sliding.size(), common);
  if (!gemma4) return shapes;

  if (text.has(kPerLayer)) {
    ASSIGN_OR_RETURN(const JsonFields per_layer, text.get_object(kPerLayer));
    for (const auto& [key, value] : per_layer.json().items()) {
      ASSIGN_OR_RETURN(const std::int64_t index,
                       layer_index(per_layer, key, static_cast<std::int64_t>(sliding.size())));
      ASSIGN_OR_RETURN(const JsonFields overrides, per_layer.get_object(key));
      RETURN_IF_ERROR(apply_overrides(overrides, shapes[static_cast<std::size_t>(index)]));
    }
    RETURN_IF_ERROR(check_types_agree(text, sliding, shapes));
    return shapes;
  }

  LayerShape full = common;
  ASSIGN_OR_RETURN(full.head_dim, text.get_int("global_head_dim", 2, kMaxHeadDim));
  ASSIGN_OR_RETURN(const bool k_eq_v, text.get_bool_or("attention_k_eq_v", false));
  if (k_eq_v) {  // the official code looks at this field only where V is K
    ASSIGN_OR_RETURN(full.n_kv_heads, text.get_int_or("num_global_key_value_heads", 1, kMaxHeads, common.n_kv_heads));
  }
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (!sliding[i]) shapes[i] = full;
  }
  return shapes;
}

}  // namespace carat::model
