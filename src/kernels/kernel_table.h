#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/matmul/activations.h"
#include "kernels/packed/packed_view.h"

namespace carat::kernels {

/// Some (query row, query head) pairs that read the same K/V head of the same sequence. Rows of one query should be
/// neighbours: what they share is read once.
struct AttentionTile {
  static constexpr int kMaxRows = 96;

  int n_rows = 0;
  const float* q[kMaxRows] = {};          ///< [head_dim] each, after norm and RoPE
  float* out[kMaxRows] = {};              ///< [head_dim] each
  std::int64_t first_key[kMaxRows] = {};  ///< keys [first_key, end_key) are visible, at absolute positions
  std::int64_t end_key[kMaxRows] = {};
  const std::byte* const* pages = nullptr;  ///< page p holds keys 64 p ... 64 p + 63 (model/kv_view.h)
  std::int64_t head_offset = 0;             ///< bytes from the start of a page to this K/V head
  std::int64_t head_dim = 0;
  float scale = 1;
  int kv_type = 0;  ///< 0 f32, 1 f16, 2 bf16 (model::KvType)
};

/// Batches of int8 activations from `from_tokens` on are laid out in tiles of `columns`; 0: none are.
struct GemmTiles {
  std::int64_t from_tokens = 0;
  std::int64_t columns = 0;
};

/// A tile over the pages [first_block, end_block) computed by several threads in three steps, each element by one of
/// them: scores by blocks, weights by rows, values by d. A long row takes several such spans, ascending; m and l pass
/// from one to the next.
struct AttentionSplit {
  static constexpr int kMaxRows = 32;
  static constexpr int kMaxD = 256;  ///< a part of d that is added up at a time

  std::int64_t first_block = 0, end_block = 0;
  bool is_first = true, is_last = true;  ///< span of the row
  float* scores = nullptr;               ///< [n_rows][blocks][64], rows `stride` apart
  float* factors = nullptr;              ///< [n_rows][blocks], rows `factor_stride` apart
  std::int64_t stride = 0, factor_stride = 0;
  float* m = nullptr;  ///< [n_rows]
  float* l = nullptr;  ///< [n_rows]
};

/// One ISA's implementation of every op, each on one thread and as small as a share of work. The public functions in
/// <op>.h divide the work and call through it. All tables but `ref` give the same bits; `ref` (src/ref) computes in
/// double.
///
/// Pointers need the alignment of their elements only (packed weights: 4); tails are handled inside; x and y may be the
/// same where the op's header says so.
struct KernelTable {
  const char* name;

  void (*rms_norm)(const float* x, const float* weight, std::int64_t n, float eps, float* y);
  void (*gelu_mul)(const float* gate, const float* up, std::int64_t n, float* y);
  void (*add)(const float* a, const float* b, std::int64_t n, float* y);
  void (*scale)(const float* x, float factor, std::int64_t n, float* y);
  void (*scaled_add)(const float* x, float factor, std::int64_t n, float* y);  ///< y = fma(x, factor, y)
  void (*multiply)(const float* a, const float* b, std::int64_t n, float* y);
  void (*softcap)(const float* x, float cap, std::int64_t n, float* y);
  void (*softmax)(const float* x, std::int64_t n, float* y);
  void (*rope)(float* x, std::int64_t n_heads, std::int64_t head_dim, const float* cos, const float* sin,
               std::int64_t n_pairs);
  /// y[t, r] for r in the groups [first_group, end_group). x_sums[t, k / 16] = sums of 16 activations, read only by
  /// formats with a minimum. x rows hold cols_padded values, zero beyond cols.
  void (*matmul)(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                 std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                 float* y, std::int64_t y_stride);
  /// Activations of one row to int8 blocks of 32: matmul/quantize-inl.h.
  void (*quantize)(const float* x, std::int64_t n, std::int64_t n_blocks, std::int8_t* q, float* d, std::int32_t* sums);
  /// The same as matmul with int8 activations, for formats with codes; y rows of all tokens of the panel, which was
  /// made for this table.
  void (*matmul_i8)(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const Panel& x, float* y,
                    std::int64_t y_stride);
  void (*attention)(const AttentionTile& tile);
  /// The three steps of AttentionSplit, for the blocks [first_block, end_block), one row, and d in [first_d, end_d),
  /// multiples of 16. All null: the table computes whole tiles only (ref).
  void (*attention_scores)(const AttentionTile& tile, const AttentionSplit& split, std::int64_t first_block,
                           std::int64_t end_block);
  void (*attention_weights)(const AttentionTile& tile, const AttentionSplit& split, int row);
  void (*attention_values)(const AttentionTile& tile, const AttentionSplit& split, std::int64_t first_d,
                           std::int64_t end_d);
  GemmTiles gemm = {};
};

}  // namespace carat::kernels
