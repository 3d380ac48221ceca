#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/arena.h"
#include "kernels/exec.h"
#include "model/config.h"
#include "model/forward_tap.h"
#include "model/kv_view.h"
#include "model/rows.h"
#include "tensor/view.h"

namespace carat::model {

/// Elements between two rows of scratch memory: an odd number of cache lines, so that the rows of a tile do not all
/// fall into one set of a cache.
constexpr std::int64_t scratch_stride(std::int64_t cols) { return ((cols + 15) / 16 | 1) * 16; }
constexpr std::size_t scratch_bytes(std::int64_t rows, std::int64_t cols) {
  return Arena::rounded_floats(rows * scratch_stride(cols));
}

/// cos and sin of every row's position for one RopeConfig and head size.
struct RopeTable {
  RopeConfig rope;
  std::int64_t head_dim = 0;
  MatView<float> cos, sin;  ///< [rows, n_rotated_pairs]
};

/// What the blocks of a layer share during one step. `rows` shrinks once, where unwanted prompt rows stop.
struct StepContext {
  const ModelConfig& config;
  const KvView& kv;
  kernels::Exec& exec;
  ForwardTap* tap;
  std::vector<Row> rows;                ///< still computed
  std::vector<std::int64_t> block_end;  ///< per row: one past the last position of its block, or position + 1
  std::vector<RopeTable> rope;

  std::int64_t n_rows() const { return static_cast<std::int64_t>(rows.size()); }
  const RopeTable& rope_of(const LayerConfig& layer) const;
  /// [rows, cols] of the arena, uninitialised; counted by scratch_bytes.
  MatView<float> allocate(std::int64_t n, std::int64_t cols) const {
    return {exec.arena->allocate<float>(n * scratch_stride(cols)), n, cols, scratch_stride(cols)};
  }
  void see(std::int64_t layer, std::string_view name, MatView<const float> value) const {
    if (tap != nullptr) tap->on(layer, name, value);
  }
};

}  // namespace carat::model
