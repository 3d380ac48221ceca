#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "model/json_fields.h"

namespace carat::model {

/// Which layers slide, from layer_types, or sliding_window_pattern (layer i is full when (i + 1) % pattern == 0), or,
/// Gemma 4 without either, every sixth layer full. In Gemma 4 the last layer is always full, as in the official code.
Result<std::vector<bool>> read_layer_types(const JsonFields& text, bool gemma4, std::int64_t n_layers);

/// RoPE of full and of sliding layers.
struct RopePair {
  RopeConfig full;
  RopeConfig sliding;
};

/// From rope_parameters (two objects), or from Gemma 3's older rope_theta, rope_local_base_freq and rope_scaling.
/// Types: default (all pairs), linear (positions divided by factor), proportional (the first partial_rotary_factor of
/// the pairs turn). Errors: kUnsupported for every other type.
Result<RopePair> read_rope(const JsonFields& text, std::int64_t full_head_dim, std::int64_t sliding_head_dim);

}  // namespace carat::model
