// Attention at E2B's shapes (8 query heads on one K/V head): a decode row reads K and V once a tile of heads; a prompt
// chunk is limited by fma.
#include "kernels/attention.h"

#include "kernels/attention_testing.h"
#include "kernels/bench_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Limit;
using testing::Matrix;

constexpr std::int64_t kHeads = 8;

struct Case {
  const char* name;
  std::int64_t head_dim, n_rows, n_keys, window;
};
constexpr Case kCases[] = {
    {"decode_full", 512, 1, 8192, 0},
    {"decode_sliding", 256, 1, 8192, 512},
    {"prefill_full", 512, 64, 4096, 0},
    {"prefill_sliding", 256, 64, 4096, 512},
};

void bm_attention(benchmark::State& state, const KernelTable& table, int n_threads, const Case& c, KvElement kv_type) {
  testing::PagedKv kv(c.n_keys, 1, c.head_dim, kv_type);
  kv.fill(c.n_keys, 1);
  std::vector<AttentionRow> rows;
  double n_seen = 0;
  for (std::int64_t t = 0; t < c.n_rows; ++t) {
    const std::int64_t end = c.n_keys - c.n_rows + t + 1;
    rows.push_back({kv.pages(), c.window == 0 ? 0 : end - c.window, end});
    n_seen += static_cast<double>(end - rows.back().first_key);
  }
  const std::int64_t cols = kHeads * c.head_dim;
  const Matrix q(c.n_rows, cols, cols, Draw::kNormal, 2);
  Matrix out(c.n_rows, cols);
  testing::Workbench bench(table, n_threads);
  const Limit limit = c.n_rows == 1 ? Limit::kRead : Limit::kFma;
  const double amount = limit == Limit::kRead
                            ? 2 * n_seen * static_cast<double>(c.head_dim * testing::kv_element_bytes(kv_type))
                            : 4 * n_seen * static_cast<double>(cols);
  testing::run_against_peak(state, n_threads, limit, amount, [&] {
    attention(q.view(), rows, {kHeads, 1, c.head_dim, 0.1f, kv_type}, out.view(), bench.exec());
  });
}

const bool kRegistered = [] {
  for (const Case& c : kCases) {
    for (const auto& [kv_type, kv_name] : {std::pair{KvElement::kF32, "f32"}, {KvElement::kF16, "f16"}}) {
      testing::register_for_isas("attention/" + std::string(c.name) + "/" + kv_name,
                                 [=, kv = kv_type](benchmark::State& state, const KernelTable& table, int n_threads) {
                                   bm_attention(state, table, n_threads, c, kv);
                                 });
    }
  }
  return true;
}();

}  // namespace
}  // namespace carat::kernels
