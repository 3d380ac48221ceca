#pragma once

#include "kernels/kernel_table.h"

namespace carat::ref {

/// For every row of the tile, over its visible keys j in [first_key, end_key):
///
///     s_j = scale q . k_j        p_j = exp(s_j - max s) / sum_i exp(s_i - max s)        out = sum_j p_j v_j
///
/// q, out  [head_dim] f32 per row; k_j, v_j are read from the pages as they are stored (f32, f16 or bf16)
///
/// A causal row at position i has end_key = i + 1; in a sliding layer of window W also first_key = max(0, i + 1 - W),
/// so that it sees W keys, its own included. Source: spec/text-model.md 3.2, 3.4 (scale 1 in Gemma 4, since q and k are
/// normed; no softcap on scores).
void attention(const kernels::AttentionTile& tile);

}  // namespace carat::ref
