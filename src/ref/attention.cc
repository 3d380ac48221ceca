#include "ref/attention.h"

#include <algorithm>
#include <vector>

#include "base/elementary.h"
#include "kernels/kv_store.h"

namespace carat::ref {
namespace {

constexpr std::int64_t kPageKeys = 64;

void load_key(const kernels::AttentionTile& tile, std::int64_t key, float* k, float* v) {
  kernels::load_kv(tile.pages[key / kPageKeys] + tile.head_offset, tile.head_dim,
                   static_cast<kernels::KvElement>(tile.kv_type), key % kPageKeys, k, v);
}

void attend(const kernels::AttentionTile& tile, const float* q, std::int64_t first_key, std::int64_t end_key,
            float* out) {
  const auto head_dim = static_cast<std::size_t>(tile.head_dim);
  std::vector<float> k(head_dim), v(head_dim);

  std::vector<double> scores;
  for (std::int64_t key = first_key; key < end_key; ++key) {
    load_key(tile, key, k.data(), v.data());
    double dot = 0;
    for (std::size_t d = 0; d < head_dim; ++d) dot += static_cast<double>(q[d]) * k[d];
    scores.push_back(dot * tile.scale);
  }

  const double largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  std::vector<double> sum(head_dim, 0.0);
  for (std::int64_t key = first_key; key < end_key; ++key) {
    load_key(tile, key, k.data(), v.data());
    const double p = exp_f64(scores[static_cast<std::size_t>(key - first_key)] - largest);
    total += p;
    for (std::size_t d = 0; d < head_dim; ++d) sum[d] += p * v[d];
  }
  for (std::size_t d = 0; d < head_dim; ++d) out[d] = static_cast<float>(sum[d] / total);
}

}  // namespace

void attention(const kernels::AttentionTile& tile) {
  for (int r = 0; r < tile.n_rows; ++r) attend(tile, tile.q[r], tile.first_key[r], tile.end_key[r], tile.out[r]);
}

}  // namespace carat::ref
