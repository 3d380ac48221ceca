// Every op golden (tests/golden/text/ops.*: inputs and outputs of the official implementation) through the kernels, on
// ref and on every ISA. Bounds: 1e-5 of the largest output, unless said otherwise.
#include <cmath>

#include "kernels/attention.h"
#include "kernels/attention_testing.h"
#include "kernels/elementwise.h"
#include "kernels/golden_testing.h"
#include "kernels/matmul.h"
#include "kernels/op_testing.h"
#include "kernels/packed/packed_testing.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/router.h"
#include "tensor/half.h"

namespace carat::kernels {
namespace {

using testing::golden;
using testing::GoldenTensor;
using testing::Matrix;
using testing::PackedWeights;

constexpr double kBound = 1e-5;
constexpr float kEps = 1e-6f;

class GoldenOps : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  GoldenOps() : bench_(*GetParam(), 2) {}
  Exec& exec() { return bench_.exec(); }

  Matrix norm(const Matrix& x, const std::vector<float>& weight, std::int64_t head_dim = 0) {
    Matrix y(x.view().rows, x.view().cols);
    rms_norm_heads(x.view(), head_dim == 0 ? x.view().cols : head_dim, weight, kEps, y.view(), exec());
    return y;
  }
  /// x W^T for W [out, in].
  Matrix linear(const Matrix& x, const std::vector<float>& weight, std::int64_t out) {
    const PackedWeights w = testing::pack_floats(weight, out, x.view().cols);
    Matrix y(x.view().rows, out);
    matmul(x.view(), w.view, y.view(), exec());
    return y;
  }
  Matrix scaled(const Matrix& x, float factor) {
    Matrix y(x.view().rows, x.view().cols);
    scale(x.view(), factor, y.view(), exec());
    return y;
  }
  Matrix sum(const Matrix& a, const Matrix& b) {
    Matrix y(a.view().rows, a.view().cols);
    add(a.view(), b.view(), y.view(), exec());
    return y;
  }
  Matrix gated(const Matrix& gate, const Matrix& up) {
    Matrix y(gate.view().rows, gate.view().cols);
    gelu_mul(gate.view(), up.view(), y.view(), exec());
    return y;
  }

 private:
  testing::Workbench bench_;
};

/// [..., n] as rows of n.
Matrix as_rows(const GoldenTensor& t, std::int64_t n) {
  return {static_cast<std::int64_t>(t.values.size()) / n, n, t.values};
}
Matrix as_rows(const std::string& name) { return as_rows(golden(name), golden(name).shape.back()); }

void expect_golden(const std::vector<float>& got, const std::vector<float>& want, double bound,
                   const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double largest = 0;
  for (const float w : want) largest = std::max(largest, std::fabs(static_cast<double>(w)));
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_LE(std::fabs(static_cast<double>(got[i]) - want[i]), bound * largest)
        << what << ", element " << i << ": " << got[i] << " for " << want[i];
  }
}
void expect_golden(const Matrix& got, const std::string& name, double bound = kBound) {
  expect_golden(got.values(), golden(name).values, bound, name);
}

// Rows of very different size (eps shows in the small ones): each row against its own largest output.
TEST_P(GoldenOps, RmsNorm) {
  const Matrix x = as_rows("rmsnorm.x");
  const auto& w = golden("rmsnorm.w").values;
  std::vector<float> one_plus_w;
  for (const float v : w) one_plus_w.push_back(1.0f + v);
  const std::pair<std::string, std::vector<float>> cases[] = {
      {"rmsnorm.plain", w}, {"rmsnorm.no_weight", {}}, {"rmsnorm.one_plus_w", one_plus_w}};
  for (const auto& [name, weight] : cases) {
    const auto got = norm(x, weight).values();
    const auto& want = golden(name).values;
    for (std::size_t row = 0; row < 6; ++row) {
      const auto at = [row](const std::vector<float>& v) {
        return std::vector<float>(v.begin() + static_cast<std::ptrdiff_t>(row * 64),
                                  v.begin() + static_cast<std::ptrdiff_t>(row * 64 + 64));
      };
      expect_golden(at(got), at(want), kBound, name + " row " + std::to_string(row));
    }
  }
  const Matrix heads = as_rows(golden("rmsnorm.heads_x"), 3 * 32);
  expect_golden(norm(heads, golden("rmsnorm.heads_w").values, 32), "rmsnorm.heads");
  expect_golden(norm(heads, {}, 32), "rmsnorm.heads_no_weight");
}

// Angles are made in double, so the exact result is met to 1e-6 at every position. The official f32 angles are off by
// up to 0.011 at 262143; ops.json lists by how much, position by position.
TEST_P(GoldenOps, Rope) {
  std::vector<std::int64_t> positions;
  for (const float p : golden("rope.positions").values) positions.push_back(static_cast<std::int64_t>(p));
  int n_applied = 0;
  for (const auto& c : testing::golden_rope_cases()) {
    const auto f = rope_frequencies(c.theta, c.factor, c.head_dim, c.n_pairs);
    const auto& inv_freq = golden("rope." + c.name + ".inv_freq").values;
    ASSERT_EQ(static_cast<std::int64_t>(inv_freq.size()), c.head_dim / 2);
    for (std::size_t j = 0; j < inv_freq.size(); ++j) {
      const double want = j < f.size() ? f[j] : 0.0;  // pairs that do not turn have frequency 0 there
      EXPECT_NEAR(inv_freq[j], want, 3e-7 * want) << c.name << " pair " << j;
    }
    if (!c.has_rows) continue;
    ++n_applied;
    const auto rows = static_cast<std::int64_t>(positions.size());
    Matrix cos(rows, c.n_pairs), sin(rows, c.n_pairs);
    rope_angles(positions, f, cos.view(), sin.view(), exec());
    Matrix x = as_rows(golden("rope." + c.name + ".x"), 2 * c.head_dim);
    apply_rope(x.view(), c.head_dim, cos.view(), sin.view(), exec());
    const auto got = x.values();
    const auto& exact = golden("rope." + c.name + ".y_exact").values;
    const auto& official = golden("rope." + c.name + ".y").values;
    expect_golden(got, exact, 1e-6, c.name + " y_exact");
    double largest = 0;
    for (const float v : exact) largest = std::max(largest, std::fabs(static_cast<double>(v)));
    for (std::size_t i = 0; i < got.size(); ++i) {
      const std::int64_t pos = positions[i / static_cast<std::size_t>(2 * c.head_dim)];
      // f32 angles of size `pos` are pos * 2^-24 apart from the truth, times a few roundings.
      const double bound = pos <= 17 ? 1e-5 : pos <= 1023 ? 1e-4 : 1e-2;
      ASSERT_NEAR(got[i], official[i], bound * largest) << c.name << " position " << pos;
    }
  }
  EXPECT_EQ(n_applied, 4);
}

TEST_P(GoldenOps, Attention) {
  int n_cases = 0;
  for (const auto& c : testing::golden_attention_cases()) {
    const auto& k = golden("attention." + c.kv_name + ".k").values;
    const auto& v = golden("attention." + c.kv_name + ".v").values;
    testing::PagedKv kv(c.keys, c.kv_heads, c.head_dim, KvElement::kF32);
    for (std::int64_t key = 0; key < c.keys; ++key) {
      for (std::int64_t head = 0; head < c.kv_heads; ++head) {
        const std::int64_t at = (key * c.kv_heads + head) * c.head_dim;
        kv.store(key, head, k.data() + at, v.data() + at);
      }
    }
    std::vector<AttentionRow> rows;
    for (std::int64_t i = 0; i < c.tokens; ++i) {
      const std::int64_t end = c.q_offset + i + 1;
      rows.push_back({kv.pages(), c.window == 0 ? 0 : std::max<std::int64_t>(0, end - c.window), end});
    }
    const Matrix q = as_rows(golden("attention." + c.name + ".q"), c.q_heads * c.head_dim);
    Matrix out(c.tokens, c.q_heads * c.head_dim);
    attention(q.view(), rows, {c.q_heads, c.kv_heads, c.head_dim, c.scale, KvElement::kF32}, out.view(), exec());
    expect_golden(out, "attention." + c.name + ".y");
    ++n_cases;
  }
  EXPECT_EQ(n_cases, 11);
}

TEST_P(GoldenOps, GeluAndMlp) {
  const Matrix x(1, 103, golden("gelu.x").values), ones(1, 103, std::vector<float>(103, 1.0f));
  const auto got = gated(x, ones).values();
  const auto& want = golden("gelu.y").values;
  for (std::size_t i = 0; i < got.size(); ++i) {
    // Not of the largest output, which is 100: of each.
    EXPECT_NEAR(got[i], want[i], 1e-6 * std::max(1.0, std::fabs(static_cast<double>(want[i])))) << i;
  }
  const Matrix m = as_rows("mlp.x");
  const Matrix h = gated(linear(m, golden("mlp.gate").values, 48), linear(m, golden("mlp.up").values, 48));
  expect_golden(linear(h, golden("mlp.down").values, 64), "mlp.y");
}

TEST_P(GoldenOps, RouterAndExperts) {
  constexpr std::int64_t kTokens = 7, kExperts = 16, kTopK = 8, kWidth = 4, kModel = 64;
  const Matrix x = as_rows("router.x");
  Matrix t = norm(x, golden("router.scale").values);  // norm without weight, times scale: one product a value
  t = scaled(t, 1.0f / std::sqrt(static_cast<float>(kModel)));
  const Matrix logits = linear(t, golden("router.proj").values, kExperts);
  expect_golden(logits, "router.logits");
  Matrix probabilities(kTokens, kExperts);
  softmax(logits.view(), probabilities.view(), exec());
  expect_golden(probabilities, "router.prob");

  std::vector<float> weights;
  Matrix y(kTokens, kModel);
  const Matrix z = as_rows("experts.x");
  const auto& gate_up = golden("experts.gate_up").values;
  const auto& down = golden("experts.down").values;
  for (std::int64_t row = 0; row < kTokens; ++row) {
    std::vector<std::int32_t> index(kTopK);
    std::vector<float> weight(kTopK);
    route_top_k({probabilities.view().row(row), kExperts}, index, weight);
    std::fill(y.view().row(row), y.view().row(row) + kModel, 0.0f);
    for (std::size_t i = 0; i < kTopK; ++i) {
      const auto e = static_cast<std::size_t>(index[i]);
      ASSERT_EQ(static_cast<float>(index[i]), golden("router.index").values[std::size_t(row) * kTopK + i]);
      weights.push_back(weight[i] * golden("router.per_expert_scale").values[e]);
      const auto slice = [&](const std::vector<float>& all, std::size_t n, std::size_t from) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
        return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(n));
      };
      const std::size_t half = kWidth * kModel;
      const Matrix token(1, kModel, {z.view().row(row), z.view().row(row) + kModel});
      const Matrix h = gated(linear(token, slice(gate_up, half, 2 * e * half), kWidth),
                             linear(token, slice(gate_up, half, (2 * e + 1) * half), kWidth));
      const Matrix out = linear(h, slice(down, half, e * half), kModel);
      exec().table->scaled_add(out.view().data, weights.back(), kModel, y.view().row(row));
    }
  }
  expect_golden(weights, golden("router.weight").values, kBound, "router.weight");
  expect_golden(y, "experts.y");
}

// Per-layer embeddings from ops: how a token's vectors are made, and how a layer adds its own.
TEST_P(GoldenOps, PerLayerEmbeddings) {
  constexpr std::int64_t kLayers = 3, kWidth = 16, kModel = 64, kTokens = 5;
  const auto inputs = [&](const Matrix& h0, const std::vector<float>& ids) {
    Matrix context = linear(h0, golden("ple.model_projection").values, kLayers * kWidth);
    context = norm(scaled(context, 1.0f / 8), golden("ple.projection_norm").values, kWidth);  // 1 / sqrt(64)
    Matrix rows(kTokens, kLayers * kWidth);
    for (std::int64_t t = 0; t < kTokens; ++t) {
      const float* row = golden("ple.table").values.data() +
                         static_cast<std::int64_t>(ids[static_cast<std::size_t>(t)]) * kLayers * kWidth;
      std::copy(row, row + kLayers * kWidth, rows.view().row(t));
    }
    return scaled(sum(context, scaled(rows, 4.0f)), 0.70710678f);  // sqrt(16); 2^-1/2
  };
  const Matrix out = inputs(as_rows("ple.h0"), golden("ple.ids").values);
  expect_golden(out, "ple.out");
  expect_golden(inputs(as_rows("ple.soft_h0"), std::vector<float>(kTokens, 0.0f)), "ple.soft_out");

  const Matrix x = as_rows("ple.x");
  Matrix layer1(kTokens, kWidth);
  for (std::int64_t t = 0; t < kTokens; ++t) {
    std::copy(out.view().row(t) + kWidth, out.view().row(t) + 2 * kWidth, layer1.view().row(t));
  }
  const Matrix g = gated(linear(x, golden("ple.gate").values, kWidth), layer1);
  const Matrix y = norm(linear(g, golden("ple.proj").values, kModel), golden("ple.post_norm").values);
  expect_golden(sum(x, y), "ple.y");
}

TEST_P(GoldenOps, Softcap) {
  const Matrix raw = as_rows("softcap.raw");
  Matrix logits(6, 50);
  softcap(raw.view(), 30.0f, logits.view(), exec());
  expect_golden(logits, "softcap.logits", 1e-6);
}

TEST_P(GoldenOps, EmbeddingScale) {
  for (const auto& [width, want] : testing::golden_embedding_scales()) {
    EXPECT_EQ(round_to_bf16(std::sqrt(static_cast<float>(width))), want) << width;
  }
  const auto& ids = golden("embed.ids").values;
  Matrix rows(4, 96);
  for (std::size_t t = 0; t < 4; ++t) {
    const float* row = golden("embed.table").values.data() + static_cast<std::int64_t>(ids[t]) * 96;
    std::copy(row, row + 96, rows.view().row(static_cast<std::int64_t>(t)));
  }
  const auto y = scaled(rows, 9.8125f).values();
  EXPECT_TRUE(testing::same_bits(y, golden("embed.y").values));
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(round_to_bf16(y[i]), golden("embed.y_bf16").values[i]);
}

std::vector<const KernelTable*> all_tables() {
  auto tables = testing::available_tables();
  tables.push_back(&ref::table());
  return tables;
}

INSTANTIATE_TEST_SUITE_P(Tables, GoldenOps, ::testing::ValuesIn(all_tables()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace carat::kernels
