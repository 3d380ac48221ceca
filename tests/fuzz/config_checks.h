#pragma once

#include "model/config.h"

namespace carat::fuzz {

/// What must hold of any configuration that a reader let through: sizes that can be allocated and divided, K/V of
/// layers that have some, ids of the vocabulary.
void check_model_config(const model::ModelConfig& config);

}  // namespace carat::fuzz
