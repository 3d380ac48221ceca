// docs/arithmetic.md, written down a second time as plain scalar loops with std::fma, without vectors, tiles or
// packing: the kernels must give these bits. (That they are near the truth is the other tests' business.)
#include <array>
#include <bit>
#include <cmath>

#include "kernels/attention.h"
#include "kernels/attention_testing.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/op_testing.h"
#include "kernels/packed/packed_testing.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "quant/codes.h"
#include "quant/decode.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;
using Lanes = std::array<float, 16>;

// ---- the page ----

float tree(Lanes a) {
  for (const int h : {8, 4, 2, 1}) {
    for (int i = 0; i < h; ++i) a[std::size_t(i)] += a[std::size_t(i + h)];
  }
  return a[0];
}

std::vector<float> rms_norm_page(const std::vector<float>& x, const std::vector<float>& w, float eps) {
  std::array<Lanes, 4> acc{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    float& a = acc[i / 16 % 4][i % 16];
    a = std::fma(x[i], x[i], a);
  }
  Lanes sum;
  for (std::size_t i = 0; i < 16; ++i) sum[i] = (acc[0][i] + acc[1][i]) + (acc[2][i] + acc[3][i]);
  const float r = 1.0f / std::sqrt(tree(sum) / static_cast<float>(x.size()) + eps);
  std::vector<float> y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(w.empty() ? x[i] * r : x[i] * r * w[i]);
  return y;
}

float power_of_two(int n) { return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23); }

float exp_page(float x) {
  if (x < -103.97208f) return 0;
  if (x > 88.72284f) return std::numeric_limits<float>::infinity();
  const int n = static_cast<int>(std::nearbyint(x * 1.44269504f));
  float r = std::fma(static_cast<float>(n), -0.693359375f, x);
  r = std::fma(static_cast<float>(n), 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  for (const float a : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) {
    p = std::fma(p, r, a);
  }
  p = std::fma(r * r, p, r) + 1.0f;
  return p * power_of_two(n >> 1) * power_of_two(n - (n >> 1));
}

float tanh_page(float x) {
  const float a = std::fabs(x), z = x * x;
  if (!(a < 0.625f)) return std::copysign(1.0f - 2.0f / (exp_page(a + a) + 1.0f), x);
  float p = -5.70498872745e-3f;
  for (const float b : {2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f}) {
    p = std::fma(p, z, b);
  }
  return std::copysign(std::fma(p * z, a, a), x);
}

float gelu_page(float u) {
  const float g = std::fma(u * u * u, 0.044715f, u);
  return u / (1.0f + exp_page(std::fmin(g * -1.5957691216057308f, 88.0f)));
}

std::vector<float> softmax_page(const std::vector<float>& x) {
  const float m = *std::max_element(x.begin(), x.end());
  std::vector<float> y;
  Lanes sum{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(exp_page(x[i] - m));
    sum[i % 16] += y[i];
  }
  const float total = tree(sum);
  for (float& v : y) v /= total;
  return y;
}

// One row of a file's weights times one column.
float dot_page(DType dtype, const std::byte* row, const std::vector<float>& x) {
  const auto cols = static_cast<std::int64_t>(x.size());
  const std::size_t padded = (x.size() + 31) / 32 * 32;
  const quant::CodeFormat* format = quant::code_format(dtype);
  std::vector<float> c(padded, 0.0f), xs = x;
  xs.resize(padded, 0.0f);
  quant::RowCodes codes;
  if (format == nullptr) {
    quant::decode_row(dtype, row, cols, c.data());
  } else {
    quant::unpack_codes(dtype, row, cols, codes);
    for (std::size_t k = 0; k < x.size(); ++k) c[k] = static_cast<float>(int{codes.codes[k]} - format->zero_point);
  }
  const auto chain = [&](std::size_t k) {
    float s = 0;
    for (std::size_t i = k; i < k + 16; ++i) s = std::fma(c[i], xs[i], s);
    return s;
  };
  const auto x_sum = [&](std::size_t k) {
    float s = xs[k];
    for (std::size_t i = k + 1; i < k + 16; ++i) s += xs[i];
    return s;
  };
  float acc = 0;
  for (std::size_t k = 0; k < padded; k += 32) {
    const float s0 = chain(k), s1 = chain(k + 16);
    if (format == nullptr) {
      acc += s0 + s1;
      continue;
    }
    const auto block = static_cast<std::int64_t>(k) / format->block;
    const auto d = [&](std::int64_t b) { return quant::scale_of(*format, codes, b); };
    const auto m = [&](std::int64_t b) { return quant::min_of(*format, codes, b); };
    if (format->block == 32) {
      acc = std::fma(s0 + s1, d(block), acc);
      if (format->has_min) acc = std::fma(-m(block), x_sum(k) + x_sum(k + 16), acc);
    } else {
      acc = std::fma(s0, d(block), acc);
      if (format->has_min) acc = std::fma(-m(block), x_sum(k), acc);
      acc = std::fma(s1, d(block + 1), acc);
      if (format->has_min) acc = std::fma(-m(block + 1), x_sum(k + 16), acc);
    }
  }
  return acc;
}

// The same in `fast`: activations as int8 in blocks of 32, integer dots.
float fast_dot_page(DType dtype, const std::byte* row, const std::vector<float>& x) {
  const quant::CodeFormat& format = *quant::code_format(dtype);
  quant::RowCodes codes;
  quant::unpack_codes(dtype, row, static_cast<std::int64_t>(x.size()), codes);
  float acc = 0;
  for (std::size_t k0 = 0; k0 < x.size(); k0 += 32) {
    float largest = 0;
    for (std::size_t k = k0; k < k0 + 32; ++k) largest = std::fmax(largest, std::fabs(x[k]));
    const float x_scale = largest / 127.0f;
    const auto block_elements = static_cast<std::size_t>(format.block);
    for (std::size_t part = k0; part < k0 + 32; part += block_elements) {
      int dot = 0, sum = 0;
      for (std::size_t k = part; k < part + block_elements; ++k) {
        int q = 0;
        if (x_scale > 0) q = std::clamp(static_cast<int>(std::nearbyint(x[k] / x_scale)), -127, 127);
        dot += (int{codes.codes[k]} - format.zero_point) * q;
        sum += q;
      }
      const auto block = static_cast<std::int64_t>(part / block_elements);
      float product = static_cast<float>(dot) * quant::scale_of(format, codes, block);
      if (product == 0.0f) product = 0.0f;  // not -0
      acc = std::fma(product, x_scale, acc);
      if (format.has_min) acc = std::fma(-quant::min_of(format, codes, block), x_scale * static_cast<float>(sum), acc);
    }
  }
  return acc;
}

std::vector<float> attention_page(const std::vector<float>& q, const testing::PagedKv& kv, KvElement kv_type,
                                  std::int64_t first, std::int64_t end, float scale) {
  const std::size_t head_dim = q.size();
  std::vector<float> o(head_dim, 0.0f), k(head_dim);
  float m = -std::numeric_limits<float>::infinity(), l = 0;
  for (std::int64_t page = first / 64; page * 64 < end; ++page) {
    std::array<float, 64> s, p;
    std::vector<std::vector<float>> v(64, std::vector<float>(head_dim));
    const auto visible = [&](std::size_t i) {
      const std::int64_t key = page * 64 + static_cast<std::int64_t>(i);
      return first <= key && key < end;
    };
    for (std::size_t i = 0; i < 64; ++i) {
      s[i] = -1e30f;
      if (!visible(i)) continue;
      load_kv(kv.pages()[page], q.size(), kv_type, static_cast<std::int64_t>(i), k.data(), v[i].data());
      float dot = 0;
      for (std::size_t d = 0; d < head_dim; ++d) dot = std::fma(q[d], k[d], dot);
      s[i] = dot * scale;
    }
    const float m_new = std::max(m, *std::max_element(s.begin(), s.end()));
    const float f = exp_page(m - m_new);
    Lanes sums;
    for (std::size_t i = 0; i < 64; ++i) p[i] = exp_page(s[i] - m_new);
    for (std::size_t i = 0; i < 16; ++i) sums[i] = (p[i] + p[16 + i]) + (p[32 + i] + p[48 + i]);
    l = std::fma(l, f, tree(sums));
    m = m_new;
    for (std::size_t d = 0; d < head_dim; ++d) {
      o[d] *= f;
      for (std::size_t i = 0; i < 64; ++i) {
        if (visible(i)) o[d] = std::fma(p[i], v[i][d], o[d]);
      }
    }
  }
  for (float& x : o) x /= l;
  return o;
}

// ---- the kernels against it ----

/// Calls check(exec, name) for every ISA.
void for_each_isa(const std::function<void(Exec&, const char*)>& check) {
  for (const KernelTable* table : testing::available_tables()) {
    testing::Workbench bench(*table);
    check(bench.exec(), table->name);
  }
}

std::vector<float> mapped(const std::vector<float>& x, float (*f)(float)) {
  std::vector<float> y;
  for (const float v : x) y.push_back(f(v));
  return y;
}

TEST(Contract, RmsNormAndSoftmax) {
  for (const std::int64_t n : testing::odd_lengths()) {
    const auto x = testing::draw_many(Draw::kUniform, n, 1), w = testing::draw_many(Draw::kNormal, n, 2);
    for_each_isa([&](Exec& exec, const char* isa) {
      std::vector<float> y(x.size());
      rms_norm({x.data(), 1, n}, w, 1e-6f, {y.data(), 1, n}, exec);
      EXPECT_TRUE(testing::same_bits(y, rms_norm_page(x, w, 1e-6f))) << isa << " n " << n;
      rms_norm({x.data(), 1, n}, {}, 1e-6f, {y.data(), 1, n}, exec);
      EXPECT_TRUE(testing::same_bits(y, rms_norm_page(x, {}, 1e-6f))) << isa << " n " << n;
      softmax({x.data(), 1, n}, {y.data(), 1, n}, exec);
      EXPECT_TRUE(testing::same_bits(y, softmax_page(x))) << isa << " n " << n;
    });
  }
}

TEST(Contract, GeluAndSoftcap) {
  for (const Draw draw : {Draw::kUniform, Draw::kSpread, Draw::kHuge, Draw::kZeros}) {
    const std::int64_t n = 10000;
    const auto x = testing::draw_many(draw, n, 1);
    const std::vector<float> ones(x.size(), 1.0f);
    for_each_isa([&](Exec& exec, const char* isa) {
      std::vector<float> y(x.size());
      gelu_mul({x.data(), 1, n}, {ones.data(), 1, n}, {y.data(), 1, n}, exec);
      EXPECT_TRUE(testing::same_bits(y, mapped(x, gelu_page))) << isa;
      softcap({x.data(), 1, n}, 30.0f, {y.data(), 1, n}, exec);
      EXPECT_TRUE(testing::same_bits(y, mapped(x, [](float v) { return 30.0f * tanh_page(v / 30.0f); }))) << isa;
    });
  }
}

TEST(Contract, Matmul) {
  for (const quant::WeightType& type : quant::weight_types()) {
    const std::uint32_t block = dtype_info(type.dtype).block_elements;
    for (const std::int64_t cols : {block == 1 ? 100 : block == 32 ? 160 : 768, 2560}) {
      const testing::PackedWeights w = testing::random_weights(type.dtype, 17, cols, 1);
      const Matrix x(5, cols, cols, Draw::kNormal, 2);
      std::vector<float> want;
      for (std::int64_t t = 0; t < 5; ++t) {
        const std::vector<float> column(x.view().row(t), x.view().row(t) + cols);
        for (std::int64_t r = 0; r < 17; ++r) {
          want.push_back(dot_page(type.dtype, w.file.data() + r * w.row_bytes, column));
        }
      }
      for_each_isa([&](Exec& exec, const char* isa) {
        for (const std::int64_t n : {1, 5}) {
          Matrix y(n, 17);
          matmul(x.view().first_rows(n), w.view, y.view(), exec);
          EXPECT_TRUE(testing::same_bits(y.view().data, want.data(), n * 17))
              << isa << ", " << dtype_name(type.dtype) << ", " << cols << " k";
        }
      });
    }
  }
}

TEST(Contract, FastMatmul) {
  for (const quant::WeightType& type : quant::weight_types()) {
    if (quant::code_format(type.dtype) == nullptr) continue;
    const std::int64_t narrow = dtype_info(type.dtype).block_elements == 32 ? 160 : 768;
    for (const std::int64_t cols : {narrow, std::int64_t{2560}}) {
      const testing::PackedWeights w = testing::random_weights(type.dtype, 17, cols, 1);
      for (const Draw draw : {Draw::kNormal, Draw::kTiny, Draw::kSpread, Draw::kZeros}) {
        const Matrix x(5, cols, cols, draw, 2);
        std::vector<float> want;
        for (std::int64_t t = 0; t < 5; ++t) {
          const std::vector<float> column(x.view().row(t), x.view().row(t) + cols);
          for (std::int64_t r = 0; r < 17; ++r) {
            want.push_back(fast_dot_page(type.dtype, w.file.data() + r * w.row_bytes, column));
          }
        }
        for_each_isa([&](Exec& exec, const char* isa) {
          exec.compute = Compute::kFast;
          for (const std::int64_t n : {1, 5}) {
            Matrix y(n, 17);
            matmul(x.view().first_rows(n), w.view, y.view(), exec);
            EXPECT_TRUE(testing::same_bits(y.view().data, want.data(), n * 17))
                << isa << ", " << dtype_name(type.dtype) << ", " << cols << " k";
          }
        });
      }
    }
  }
}

TEST(Contract, Attention) {
  for (const KvElement kv_type : {KvElement::kF32, KvElement::kF16, KvElement::kBF16}) {
    for (const std::int64_t head_dim : {32, 80, 256}) {
      testing::PagedKv kv(300, 1, head_dim, kv_type);
      kv.fill(300, 1);
      const auto q = testing::draw_many(Draw::kNormal, head_dim, 2);
      for (const std::array<std::int64_t, 2> range :
           {std::array<std::int64_t, 2>{0, 300}, {63, 65}, {10, 20}, {64, 256}}) {
        const std::int64_t first = range[0], end = range[1];
        const AttentionRow row{kv.pages(), first, end};
        const auto want = attention_page(q, kv, kv_type, first, end, 0.3f);
        for_each_isa([&](Exec& exec, const char* isa) {
          std::vector<float> y(q.size());
          attention({q.data(), 1, head_dim}, {&row, 1}, {1, 1, head_dim, 0.3f, kv_type}, {y.data(), 1, head_dim}, exec);
          EXPECT_TRUE(testing::same_bits(y, want)) << isa << " [" << first << ", " << end << ")";
        });
      }
    }
  }
}

TEST(Contract, Rope) {
  const std::int64_t head_dim = 80, n_pairs = 33;
  const auto x = testing::draw_many(Draw::kNormal, head_dim, 1);
  const auto cos = testing::draw_many(Draw::kNormal, n_pairs, 2), sin = testing::draw_many(Draw::kNormal, n_pairs, 3);
  std::vector<float> want = x;
  for (std::size_t j = 0; j < n_pairs; ++j) {
    const float a = x[j], b = x[j + head_dim / 2];
    want[j] = std::fma(a, cos[j], (0.0f - b) * sin[j]);
    want[j + head_dim / 2] = std::fma(b, cos[j], a * sin[j]);
  }
  for_each_isa([&](Exec& exec, const char* isa) {
    std::vector<float> y = x;
    apply_rope({y.data(), 1, head_dim}, head_dim, {cos.data(), 1, n_pairs}, {sin.data(), 1, n_pairs}, exec);
    EXPECT_TRUE(testing::same_bits(y, want)) << isa;
  });
}

}  // namespace
}  // namespace carat::kernels
