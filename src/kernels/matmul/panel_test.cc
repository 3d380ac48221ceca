#include "kernels/matmul/panel.h"

#include <numeric>

#include "kernels/op_testing.h"
#include "kernels/packed/packed_testing.h"
#include "ref/matmul_i8.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;

/// One row, quantised, with a block beyond the row's end; guards behind q and d are checked.
struct Quantized {
  std::vector<std::int8_t> q;
  std::vector<float> d;
  std::vector<std::int32_t> sums;
};

Quantized quantized(const std::vector<float>& x, const KernelTable& table) {
  const auto n = static_cast<std::int64_t>(x.size());
  const std::int64_t n_blocks = (n + 31) / 32 + 1;
  constexpr std::int8_t kGuard = 85;
  Quantized out{std::vector<std::int8_t>(static_cast<std::size_t>(n_blocks * 32 + 64), kGuard),
                std::vector<float>(static_cast<std::size_t>(n_blocks + 1), 85.0f),
                std::vector<std::int32_t>(static_cast<std::size_t>(n_blocks * 2 + 1), kGuard)};
  table.quantize(x.data(), n, n_blocks, out.q.data(), out.d.data(), out.sums.data());
  for (std::size_t i = 0; i + 1 < out.sums.size(); ++i) {
    EXPECT_EQ(out.sums[i], std::accumulate(out.q.begin() + static_cast<std::ptrdiff_t>(i * 16),
                                           out.q.begin() + static_cast<std::ptrdiff_t>(i * 16 + 16), 0));
  }
  EXPECT_EQ(out.sums.back(), kGuard);
  for (std::size_t i = static_cast<std::size_t>(n_blocks * 32); i < out.q.size(); ++i) EXPECT_EQ(out.q[i], kGuard);
  EXPECT_EQ(out.d.back(), 85.0f);
  return out;
}

// Every ISA has the bits of scalar; scales are those of ref, and codes the nearest integers of f32 quotients.
void expect_quantized(const std::vector<float>& x, const std::string& what) {
  const Quantized want = quantized(x, ref::table());
  const Quantized first = quantized(x, *testing::available_tables().front());
  for (const KernelTable* table : testing::available_tables()) {
    const Quantized got = quantized(x, *table);
    ASSERT_TRUE(testing::same_bits(got.d, first.d)) << what << ", " << table->name;
    ASSERT_EQ(got.q, first.q) << what << ", " << table->name;
  }
  ASSERT_TRUE(testing::same_bits(first.d, want.d)) << what;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = static_cast<double>(want.d[i / 32]);
    const double quotient = d == 0 ? 0 : std::clamp(static_cast<double>(x[i]) / d, -127.0, 127.0);
    ASSERT_LE(std::fabs(first.q[i] - quotient), 0.5 + 1e-5) << what << " at " << i;
    ASSERT_LE(std::abs(first.q[i] - want.q[i]), 1) << what << " at " << i;
  }
  for (std::size_t i = x.size(); i < (x.size() + 31) / 32 * 32 + 32; ++i) ASSERT_EQ(first.q[i], 0) << what;
  ASSERT_EQ(first.d[(x.size() + 31) / 32], 0.0f) << what;
}

TEST(Quantize, GivesTheSameBitsOnEveryIsaAndThoseMeant) {
  for (const Draw draw : {Draw::kNormal, Draw::kTiny, Draw::kHuge, Draw::kUniform, Draw::kZeros, Draw::kSpread}) {
    for (const std::int64_t n : testing::odd_lengths()) {
      expect_quantized(testing::draw_many(draw, n, static_cast<std::uint32_t>(n)),
                       "draw " + std::to_string(static_cast<int>(draw)) + ", n " + std::to_string(n));
    }
  }
}

TEST(Quantize, GivesTheLargestValueOfABlock127) {
  for (const float top : {1.0f, 3.3e-30f, 0.1f, 7e37f, std::numeric_limits<float>::max()}) {
    for (const float sign : {1.0f, -1.0f}) {
      std::vector<float> x = testing::draw_many(Draw::kUniform, 32, 1);
      for (float& v : x) v *= top / 13.0f;
      x[19] = sign * top;
      expect_quantized(x, "top " + std::to_string(top));
      EXPECT_EQ(quantized(x, *testing::available_tables().back()).q[19], sign * 127);
    }
  }
}

TEST(Quantize, RoundsHalvesToEven) {
  std::vector<float> x(32, 0.0f);  // d = 1
  x[31] = 127;
  for (std::size_t i = 0; i < 31; ++i) x[i] = static_cast<float>(i) - 15.5f;
  for (const KernelTable* table : testing::available_tables()) {
    const Quantized got = quantized(x, *table);
    for (std::size_t i = 0; i < 31; ++i) EXPECT_EQ(got.q[i], static_cast<int>(std::nearbyint(x[i]))) << x[i];
  }
}

// 190 units of 2^-149 have a scale of one unit (1.496 rounded): the quotient does not fit into int8.
TEST(Quantize, EndsAt127WhereTheScaleIsTooSmall) {
  const float unit = std::numeric_limits<float>::denorm_min();
  for (int top = 1; top < 700; ++top) {
    std::vector<float> x(32, 0.0f);
    x[3] = -unit * static_cast<float>(top);
    x[4] = unit * static_cast<float>(top / 2);
    expect_quantized(x, std::to_string(top) + " units");
  }
  std::vector<float> x(32, 0.0f);
  x[3] = -190 * unit;
  EXPECT_EQ(quantized(x, *testing::available_tables().back()).q[3], -127);
}

// Nothing of a row that went wrong may look sound: the sampler has to see it.
TEST(Quantize, LosesNoNanAndNoInfinity) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const KernelTable* table : testing::available_tables()) {
    for (const float bad : {nan, -nan, inf, -inf}) {
      for (std::size_t at = 0; at < 40; ++at) {
        std::vector<float> x = testing::draw_many(Draw::kNormal, 40, 1);
        x[at] = bad;
        const Quantized got = quantized(x, *table);
        EXPECT_FALSE(std::isfinite(got.d[at / 32])) << table->name << " at " << at;
        EXPECT_TRUE(std::isfinite(got.d[1 - at / 32])) << table->name << " at " << at;
        for (std::size_t i = at / 32 * 32; i < at / 32 * 32 + 32; ++i) EXPECT_EQ(got.q[i], 0) << table->name;
      }
    }
  }
}

// ---- the layout ----

const std::vector<PanelKind>& panel_kinds() {
  static const std::vector<PanelKind> kKinds = [] {
    std::vector<PanelKind> kinds;
    for (const quant::WeightType& type : quant::weight_types()) {
      const PackedView w = plan_packed(type.dtype, 16, 256);
      if (packed_traits(w.format).code_bits == 0) continue;
      const PanelKind kind = panel_kind(w.format);
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
    }
    return kinds;
  }();
  return kKinds;
}

// activations.h read literally: column `c` of a tile whose columns are `padded` apart.
void expect_column(const PanelKind& kind, const std::int32_t* block, std::int64_t padded, std::int64_t c,
                   const std::int8_t* q, float d, const std::string& what) {
  const auto word = [&](std::int64_t i) { return block[i * padded + c]; };
  std::vector<std::int32_t> sums;
  for (int part = 0; part < 32 / kind.block; ++part) {
    sums.push_back(0);
    for (int i = 0; i < kind.block; ++i) sums.back() += q[part * kind.block + i];
  }
  for (int j = 0; j < 8; ++j) {
    const std::int32_t four = word(j);
    ASSERT_EQ(std::memcmp(&four, q + 4 * j, 4), 0) << what << ", k " << 4 * j;
  }
  std::int64_t at = 8;
  for (const std::int32_t sum : sums) ASSERT_EQ(word(at++), 0x4B400000 - kind.zero_point * sum) << what;
  std::vector<float> scales = {d};
  for (const std::int32_t sum : sums) {
    if (kind.has_min) scales.push_back(d * static_cast<float>(sum));
  }
  for (const float scale : scales) {
    const std::int32_t bits = word(at++);
    ASSERT_EQ(std::memcmp(&bits, &scale, 4), 0) << what;
  }
  ASSERT_EQ(at, kind.words()) << what;
}

TEST(Panel, HoldsEveryColumn) {
  const std::int64_t cols = 150, padded_cols = 192, n_blocks = 6;
  const Matrix x(40, cols, cols + 3, Draw::kNormal, 1);
  const std::int8_t zeros[32] = {};
  ASSERT_GE(panel_kinds().size(), 5u);
  for (const PanelKind& kind : panel_kinds()) {
    for (std::int64_t n = 1; n <= 40; ++n) {
      for (const int n_threads : {1, 3}) {
        testing::Workbench bench(*testing::available_tables().back(), n_threads);
        const QuantizedRows rows = quantize_rows(x.view().first_rows(n), padded_cols, bench.exec());
        const Panel panel = make_panel(rows, kind, bench.exec());
        ASSERT_EQ(panel.n_blocks, n_blocks);
        const std::int32_t* tile = panel.data;
        std::int64_t token = 0;
        for (std::int64_t t = 0; t < panel.n_tiles; ++t) {
          ASSERT_EQ(tile_first(n, panel.n_tiles, t), token);
          const std::int64_t width = tile_first(n, panel.n_tiles, t + 1) - token,
                             padded = stored_width(width, panel.tile_columns);
          ASSERT_TRUE(0 < width && width <= padded && padded <= kTileColumns);
          for (std::int64_t b = 0; b < n_blocks; ++b) {
            for (std::int64_t c = 0; c < padded; ++c) {
              const bool real = c < width;
              const std::string what = std::to_string(n) + " tokens, tile " + std::to_string(t) + ", column " +
                                       std::to_string(c) + ", block " + std::to_string(b);
              expect_column(kind, tile + b * kind.words() * padded, padded, c,
                            real ? rows.q + (token + c) * padded_cols + b * 32 : zeros,
                            real ? rows.d[(token + c) * n_blocks + b] : 0.0f, what);
            }
          }
          tile += n_blocks * kind.words() * padded;
          token += width;
        }
        ASSERT_EQ(token, n);
      }
    }
  }
}

TEST(Panel, ScratchIsEnoughForTheTwoLargestKinds) {
  std::vector<PanelKind> kinds = panel_kinds();
  std::sort(kinds.begin(), kinds.end(), [](const PanelKind& a, const PanelKind& b) { return a.words() > b.words(); });
  ThreadPool pool(1);
  EXPECT_EQ(panel_scratch_bytes(0, 64), 0u);
  for (const std::int64_t cols : {64, 256, 512}) {
    for (std::int64_t n = 1; n <= 130; ++n) {
      const Matrix x(n, cols, cols, Draw::kNormal, 1);
      Arena arena;
      ASSERT_TRUE(arena.reserve(2 * panel_scratch_bytes(n, cols)).has_value());
      Exec exec{testing::available_tables().back(), &pool, &arena};
      const QuantizedRows rows = quantize_rows(x.view(), cols, exec);
      make_panel(rows, kinds[0], exec);
      make_panel(rows, kinds[1], exec);
      ASSERT_LE(arena.peak(), panel_scratch_bytes(n, cols)) << n << " tokens, " << cols << " columns";
    }
  }
}

}  // namespace
}  // namespace carat::kernels
