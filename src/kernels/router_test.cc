#include "kernels/router.h"

#include "kernels/op_testing.h"
#include "ref/router.h"

namespace carat::kernels {
namespace {

TEST(RouteTopK, EqualsTheDefinition) {
  std::mt19937 rng(1);
  for (int round = 0; round < 300; ++round) {
    const std::size_t n = 1 + rng() % 128, k = 1 + rng() % n;
    // A few levels only in every other round: many ties.
    std::vector<float> p(n);
    for (float& v : p) v = static_cast<float>(1 + rng() % (round % 2 == 0 ? 4 : 100000)) / 100000.0f;
    std::vector<std::int32_t> got(k), want(k);
    std::vector<float> got_weights(k), want_weights(k);
    route_top_k(p, got, got_weights);
    ref::route_top_k(p, want, want_weights);
    ASSERT_EQ(got, want) << "n " << n << " k " << k;
    float sum = 0;
    for (std::size_t i = 0; i < k; ++i) {
      ASSERT_NEAR(got_weights[i], want_weights[i], 1e-6 * want_weights[i] * std::sqrt(static_cast<double>(k)) + 1e-12);
      sum += got_weights[i];
    }
    ASSERT_NEAR(sum, 1, 1e-5);
  }
}

TEST(RouteTopK, GivesTiesToTheLowerIndex) {
  const std::vector<float> p = {0.1f, 0.2f, 0.2f, 0.1f, 0.2f, 0.2f};
  std::vector<std::int32_t> indices(5);
  std::vector<float> weights(5);
  route_top_k(p, indices, weights);
  EXPECT_EQ(indices, (std::vector<std::int32_t>{1, 2, 4, 5, 0}));
  EXPECT_FLOAT_EQ(weights[0], 0.2f / 0.9f);
}

}  // namespace
}  // namespace carat::kernels
