// Norms, GELU, softmax and the other row ops on 256 rows of E4B's width, 2560: operands come from L2 or L3, as in the
// model, and so does the peak they are held against.
#include "kernels/bench_testing.h"
#include "kernels/elementwise.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"

namespace carat::kernels {
namespace {

using testing::Draw;
using testing::Matrix;

constexpr std::int64_t kRows = 256, kCols = 2560;

struct Operands {
  Matrix a{kRows, kCols, kCols, Draw::kNormal, 1};
  Matrix b{kRows, kCols, kCols, Draw::kNormal, 2};
  Matrix y{kRows, kCols};
  std::vector<float> weight = testing::draw_many(Draw::kNormal, kCols, 3);
  std::vector<std::int64_t> positions = std::vector<std::int64_t>(kRows, 4711);
  std::vector<double> frequencies = rope_frequencies(10000, 1, 256, 128);
  Matrix cos{kRows, 128}, sin{kRows, 128};
};

struct Op {
  const char* name;
  double n_operands;  ///< rows read and written
  void (*run)(Operands& o, Exec& exec);
};

constexpr Op kOps[] = {
    {"rms_norm", 2, [](Operands& o, Exec& e) { rms_norm(o.a.view(), o.weight, 1e-6f, o.y.view(), e); }},
    {"rms_norm_heads", 2, [](Operands& o, Exec& e) { rms_norm_heads(o.a.view(), 256, {}, 1e-6f, o.y.view(), e); }},
    {"gelu_mul", 3, [](Operands& o, Exec& e) { gelu_mul(o.a.view(), o.b.view(), o.y.view(), e); }},
    {"add", 3, [](Operands& o, Exec& e) { add(o.a.view(), o.b.view(), o.y.view(), e); }},
    {"multiply", 3, [](Operands& o, Exec& e) { multiply(o.a.view(), o.b.view(), o.y.view(), e); }},
    {"scale", 2, [](Operands& o, Exec& e) { scale(o.a.view(), 1.5f, o.y.view(), e); }},
    {"softcap", 2, [](Operands& o, Exec& e) { softcap(o.a.view(), 30.0f, o.y.view(), e); }},
    {"softmax", 2, [](Operands& o, Exec& e) { softmax(o.a.view(), o.y.view(), e); }},
    {"rope", 2, [](Operands& o, Exec& e) { apply_rope(o.y.view(), 256, o.cos.view(), o.sin.view(), e); }},
    {"rope_angles", 0.1,
     [](Operands& o, Exec& e) { rope_angles(o.positions, o.frequencies, o.cos.view(), o.sin.view(), e); }},
};

const bool kRegistered = [] {
  for (const Op& op : kOps) {
    testing::register_for_isas(
        std::string("rows/") + op.name, [&op](benchmark::State& state, const KernelTable& table, int n_threads) {
          Operands operands;
          testing::Workbench bench(table, n_threads);
          rope_angles(operands.positions, operands.frequencies, operands.cos.view(), operands.sin.view(), bench.exec());
          testing::run_against_peak(state, n_threads, testing::Limit::kRead, op.n_operands * kRows * kCols * 4.0,
                                    [&] { op.run(operands, bench.exec()); });
        });
  }
  return true;
}();

}  // namespace
}  // namespace carat::kernels
