#include "kernels/kv_store.h"

#include "kernels/attention_testing.h"
#include "kernels/op_testing.h"
#include "tensor/half.h"

namespace carat::kernels {
namespace {

float rounded(float x, KvElement kv) {
  switch (kv) {
    case KvElement::kF32:
      return x;
    case KvElement::kF16:
      return f16_to_f32(f32_to_f16(x));
    case KvElement::kBF16:
      return bf16_to_f32(f32_to_bf16(x));
  }
  return 0;
}

TEST(KvStore, LoadsWhatWasStoredRoundedOnce) {
  for (const KvElement kv : {KvElement::kF32, KvElement::kF16, KvElement::kBF16}) {
    for (const std::int64_t head_dim : {16, 48, 512}) {
      std::vector<std::byte> head(static_cast<std::size_t>(128 * head_dim * testing::kv_element_bytes(kv)));
      for (std::int64_t key = 0; key < 64; ++key) {
        const auto k = testing::draw_many(testing::Draw::kNormal, head_dim, static_cast<std::uint32_t>(key));
        const auto v = testing::draw_many(testing::Draw::kNormal, head_dim, static_cast<std::uint32_t>(key + 100));
        store_kv(k.data(), v.data(), head_dim, kv, key, head.data());
      }
      for (std::int64_t key = 0; key < 64; ++key) {  // after all stores: no two places overlap
        const auto k = testing::draw_many(testing::Draw::kNormal, head_dim, static_cast<std::uint32_t>(key));
        const auto v = testing::draw_many(testing::Draw::kNormal, head_dim, static_cast<std::uint32_t>(key + 100));
        std::vector<float> got_k(k.size()), got_v(v.size());
        load_kv(head.data(), head_dim, kv, key, got_k.data(), got_v.data());
        for (std::size_t d = 0; d < k.size(); ++d) {
          ASSERT_EQ(got_k[d], rounded(k[d], kv)) << "key " << key << " d " << d;
          ASSERT_EQ(got_v[d], rounded(v[d], kv)) << "key " << key << " d " << d;
        }
      }
    }
  }
}

// The layout of model/kv_view.h, spelled out once: K [4 groups][head_dim][16 keys], V [head_dim / 16][64 keys][16].
TEST(KvStore, LaysAPageOutAsDocumented) {
  const std::int64_t head_dim = 32;
  std::vector<float> head(static_cast<std::size_t>(128 * head_dim));
  std::vector<float> k(32), v(32);
  for (int d = 0; d < 32; ++d)
    k[static_cast<std::size_t>(d)] = static_cast<float>(d), v[std::size_t(d)] = 100.0f + static_cast<float>(d);
  store_kv(k.data(), v.data(), head_dim, KvElement::kF32, 37, reinterpret_cast<std::byte*>(head.data()));
  for (std::size_t d = 0; d < 32; ++d) {
    EXPECT_EQ(head[(2 * 32 + d) * 16 + 5], static_cast<float>(d));
    EXPECT_EQ(head[64 * 32 + (d / 16 * 64 + 37) * 16 + d % 16], 100.0f + static_cast<float>(d));
  }
}

}  // namespace
}  // namespace carat::kernels
