#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/json_fields.h"

namespace carat::model {

/// What of a layer's attention depends on its type.
struct LayerShape {
  std::int64_t head_dim = 0;
  std::int64_t n_kv_heads = 0;

  bool operator==(const LayerShape&) const = default;
};

/// The shapes of all layers in either spelling of a Gemma 4 config:
///
///   flat       head_dim, num_key_value_heads for sliding layers; global_head_dim and, where V is K,
///   num_global_key_value_heads
///              for full ones (the files of the Hub)
///   per layer  per_layer_config = {"4": {"head_dim": 512, "num_key_value_heads": 1}, ...}: what differs from head_dim
///   and
///              num_key_value_heads, by layer index (files saved by transformers 5; when there, it replaces the flat
///              fields)
///
/// Gemma 3 has one shape for all. Errors: kCorrupt naming key and layer; kUnsupported for a per-layer key that carat
/// does not know, or for layers of one type with different shapes, which share one RoPE.
Result<std::vector<LayerShape>> read_layer_shapes(const JsonFields& text, bool gemma4,
                                                  const std::vector<bool>& sliding);

}  // namespace carat::model
