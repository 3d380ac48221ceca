#pragma once

#include <vector>

#include "kernels/attention.h"
#include "kernels/kernels_testing.h"
#include "kernels/kv_store.h"

/// Test helper: K/V of one sequence in pages.
namespace carat::kernels::testing {

inline std::int64_t kv_element_bytes(KvElement kv) { return kv == KvElement::kF32 ? 4 : 2; }

/// Pages as runtime hands them out: everything that was not stored is NaN (bytes 0xFF), so a kernel that reads too far
/// cannot go unseen.
class PagedKv {
 public:
  PagedKv(std::int64_t n_keys, std::int64_t n_kv_heads, std::int64_t head_dim, KvElement kv)
      : n_kv_heads_(n_kv_heads), head_dim_(head_dim), kv_(kv), head_bytes_(128 * head_dim * kv_element_bytes(kv)) {
    for (std::int64_t p = 0; p * 64 < n_keys; ++p) {
      bytes_.emplace_back(static_cast<std::size_t>(n_kv_heads * head_bytes_), std::byte{0xFF});
    }
    for (std::vector<std::byte>& page : bytes_) pages_.push_back(page.data());
  }

  void store(std::int64_t key, std::int64_t head, const float* k, const float* v) {
    std::byte* page = bytes_[static_cast<std::size_t>(key / 64)].data();
    store_kv(k, v, head_dim_, kv_, key % 64, page + head * head_bytes_);
  }
  /// All keys below n_keys, k and v each N(0, 1).
  void fill(std::int64_t n_keys, std::uint32_t seed) {
    std::mt19937 rng(seed);
    std::vector<float> k(static_cast<std::size_t>(head_dim_)), v(k);
    for (std::int64_t key = 0; key < n_keys; ++key) {
      for (std::int64_t head = 0; head < n_kv_heads_; ++head) {
        for (float& x : k) x = draw_one(Draw::kNormal, rng);
        for (float& x : v) x = draw_one(Draw::kNormal, rng);
        store(key, head, k.data(), v.data());
      }
    }
  }
  /// A page behind a window: let go of.
  void release(std::int64_t page) { pages_[static_cast<std::size_t>(page)] = nullptr; }

  const std::byte* const* pages() const { return pages_.data(); }

 private:
  std::int64_t n_kv_heads_, head_dim_;
  KvElement kv_;
  std::int64_t head_bytes_;
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<const std::byte*> pages_;
};

}  // namespace carat::kernels::testing
