#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/exec.h"
#include "tensor/view.h"

namespace carat::kernels {

/// Element type of stored K/V, in the numbering of model::KvType.
enum class KvElement : int { kF32 = 0, kF16 = 1, kBF16 = 2 };

/// One query row: which pages it reads and which absolute positions it sees.
struct AttentionRow {
  const std::byte* const* pages = nullptr;  ///< page p holds keys 64 p ... 64 p + 63 of all K/V heads
  std::int64_t first_key = 0;
  std::int64_t end_key = 0;  ///< keys [first_key, end_key), at least one
};

struct AttentionShape {
  std::int64_t n_heads = 0;
  std::int64_t n_kv_heads = 0;
  std::int64_t head_dim = 0;  ///< a multiple of 16
  float scale = 1;
  KvElement kv = KvElement::kF32;
};

/// out[t, h, :] = sum over visible keys of softmax(scale * q[t, h] . k) v,   K/V head h / (n_heads / n_kv_heads)
///
/// q, out  [tokens, n_heads * head_dim]  f32; must not overlap
/// rows    [tokens]; K and V are read from pages in the layout of model/kv_view.h
///
/// Blocks of 64 keys at absolute positions, ascending; scores are one fma chain over d (docs/arithmetic.md 5). A row's
/// bits depend on its own keys only, not on the batch, the chunk or the threads. Error: <= 1e-5 of the largest output
/// against ref. Source: spec/text-model.md 3.2, 3.4; no softcap on scores.
void attention(MatView<const float> q, std::span<const AttentionRow> rows, const AttentionShape& shape,
               MatView<float> out, Exec& exec);

/// Arena bytes of attention(), whatever the shape and the number of keys.
std::size_t attention_scratch_bytes();

}  // namespace carat::kernels
