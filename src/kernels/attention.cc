#include "kernels/attention.h"

#include <algorithm>

#include "base/check.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

namespace carat::kernels {
namespace {

constexpr std::int64_t kPageKeys = 64;

std::int64_t head_bytes(const AttentionShape& s) {
  return 2 * kPageKeys * s.head_dim * (s.kv == KvElement::kF32 ? 4 : 2);
}

}  // namespace

void attention(MatView<const float> q, std::span<const AttentionRow> rows, const AttentionShape& shape,
               MatView<float> out, Exec& exec) {
  CARAT_CHECK(q.rows == static_cast<std::int64_t>(rows.size()) && out.rows == q.rows);
  CARAT_CHECK(q.cols == shape.n_heads * shape.head_dim && out.cols == q.cols);
  CARAT_CHECK(shape.head_dim % 16 == 0 && shape.n_heads % shape.n_kv_heads == 0);
  if (q.rows == 0) return;
  const std::int64_t heads_per_kv = shape.n_heads / shape.n_kv_heads;
  // (row, head) pairs of one K/V head, in order; a tile takes some that read the same pages. Tile borders change
  // speed only: a single decode row splits its heads evenly over the threads instead of filling tiles.
  const std::int64_t pairs = q.rows * heads_per_kv;
  const std::int64_t wanted = (pairs * shape.n_kv_heads + exec.pool->n_threads() - 1) / exec.pool->n_threads();
  const std::int64_t per_tile = std::clamp<std::int64_t>(wanted, 1, AttentionTile::kMaxRows);
  const std::int64_t tiles_per_kv = (pairs + per_tile - 1) / per_tile;
  exec.pool->run(tiles_per_kv * shape.n_kv_heads, [&](std::int64_t share, int) {
    const std::int64_t kv_head = share / tiles_per_kv;
    std::int64_t pair = share % tiles_per_kv * per_tile;
    const std::int64_t end = std::min(pair + per_tile, pairs);
    while (pair < end) {
      AttentionTile tile;
      tile.pages = rows[static_cast<std::size_t>(pair / heads_per_kv)].pages;
      tile.head_offset = kv_head * head_bytes(shape);
      tile.head_dim = shape.head_dim;
      tile.scale = shape.scale;
      tile.kv_type = static_cast<int>(shape.kv);
      for (; pair < end; ++pair) {
        const std::int64_t t = pair / heads_per_kv;
        const AttentionRow& row = rows[static_cast<std::size_t>(t)];
        if (row.pages != tile.pages) break;  // the next sequence
        CARAT_DCHECK(row.first_key < row.end_key);
        const std::int64_t head = kv_head * heads_per_kv + pair % heads_per_kv;
        tile.q[tile.n_rows] = q.row(t) + head * shape.head_dim;
        tile.out[tile.n_rows] = out.row(t) + head * shape.head_dim;
        tile.first_key[tile.n_rows] = row.first_key;
        tile.end_key[tile.n_rows] = row.end_key;
        ++tile.n_rows;
      }
      exec.table->attention(tile);
    }
  });
}

}  // namespace carat::kernels
