// Attention at the family's shapes: E2B's (8 query heads on one K/V head), E4B's (8 on 2) and 26B-A4B's (16 on 8 in
// sliding layers). Decode rows are limited by reading K and V; a prompt chunk by fma.
#include "kernels/attention.h"

#include "kernels/attention_testing.h"
#include "kernels/bench_testing.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Limit;
using testing::Matrix;

struct Case {
  const char* name;
  std::int64_t n_heads, n_kv_heads, head_dim, n_sequences, n_rows, n_keys, window;  // rows and keys of one sequence
};
constexpr Case kCases[] = {
    {"decode_e2b_full_8k", 8, 1, 512, 1, 1, 8192, 0},        {"decode_e2b_full_32k", 8, 1, 512, 1, 1, 32768, 0},
    {"decode_e2b_sliding", 8, 1, 256, 1, 1, 8192, 512},      {"decode_e4b_full_32k", 8, 2, 512, 1, 1, 32768, 0},
    {"decode_26b_sliding", 16, 8, 256, 1, 1, 8192, 1024},    {"decode_8_sequences", 8, 1, 512, 8, 1, 4096, 0},
    {"prefill_e2b_full_8k", 8, 1, 512, 1, 128, 8192, 0},     {"prefill_e2b_sliding", 8, 1, 256, 1, 512, 8192, 512},
    {"prefill_26b_sliding", 16, 8, 256, 1, 256, 8192, 1024},
};

void bm_attention(benchmark::State& state, const KernelTable& table, int n_threads, const Case& c, KvElement kv_type) {
  std::vector<testing::PagedKv> kvs;
  std::vector<AttentionRow> rows;
  double n_seen = 0;
  for (std::int64_t s = 0; s < c.n_sequences; ++s) {
    kvs.emplace_back(c.n_keys, c.n_kv_heads, c.head_dim, kv_type);
    kvs.back().fill(c.n_keys, 1);
    for (std::int64_t t = 0; t < c.n_rows; ++t) {
      const std::int64_t end = c.n_keys - c.n_rows + t + 1;
      rows.push_back({kvs.back().pages(), c.window == 0 ? 0 : end - c.window, end});
      n_seen += static_cast<double>(end - rows.back().first_key);
    }
  }
  const std::int64_t n = c.n_sequences * c.n_rows, cols = c.n_heads * c.head_dim;
  const Matrix q(n, cols, cols, Draw::kNormal, 2);
  Matrix out(n, cols);
  testing::Workbench bench(table, n_threads);
  const Limit limit = c.n_rows == 1 ? Limit::kRead : Limit::kFma;
  const double amount =
      limit == Limit::kRead
          ? 2 * n_seen * static_cast<double>(c.n_kv_heads * c.head_dim * testing::kv_element_bytes(kv_type))
          : 4 * n_seen * static_cast<double>(cols);
  testing::run_against_peak(state, n_threads, limit, amount, [&] {
    attention(q.view(), rows, {c.n_heads, c.n_kv_heads, c.head_dim, 0.1f, kv_type}, out.view(), bench.exec());
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
