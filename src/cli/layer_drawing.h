#pragma once

#include <string>

#include "model/config.h"

namespace carat::cli {

/// Every layer in order, a line each (equal neighbours share one), of at most 100 columns: what it looks at, its heads,
/// whose keys and values it uses (drawn as rails from the layer that has them), its feed-forward.
///
///     tokens  embedded in 1,536 numbers each, and in 256 more for every layer
///       ├─ 0-3 ×4    ░ sliding 512   8 × 256   1 × 256          6,144, layer embedding 256
///       ├─ 4         █ full          8 × 512   1 × 512          6,144, layer embedding 256
std::string layer_drawing(const model::ModelConfig& config);

}  // namespace carat::cli
