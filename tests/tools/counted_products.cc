// Fixed products for tools/check_instruction_counts, which runs this program under callgrind: one call of
// carat_counted_product per type and number of columns, in the order of --list.
//
//   counted_products ISA        runs them all on the kernels of ISA (scalar, avx2)
//   counted_products --list     one line for each product: TYPE/COLUMNS

#include <cstdio>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/exec.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/packed/packed_testing.h"

namespace {

using namespace carat;

constexpr std::int64_t kRows = 32;
constexpr std::int64_t kCols = 512;
constexpr DType kTypes[] = {DType::kQ4_0, DType::kQ4_K, DType::kQ6_K, DType::kQ8_0};
constexpr std::int64_t kColumns[] = {1, 16};

}  // namespace

// Its name and no other is what callgrind counts from and to.
extern "C" __attribute__((noinline)) void carat_counted_product(MatView<const float>* x,
                                                                const kernels::PackedView* weight, MatView<float>* y,
                                                                kernels::Exec* exec) {
  kernels::matmul(*x, *weight, *y, *exec);
  asm volatile("" ::: "memory");  // no tail call: the function ends after the product
}

int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  const kernels::IsaTarget* target = nullptr;
  for (const kernels::IsaTarget& isa : kernels::isa_targets()) {
    if (isa.name == what) target = &isa;
  }
  if (what != "--list" && (target == nullptr || !target->supported())) {
    std::fprintf(stderr, "counted_products: expected --list, or an ISA that this processor has\n");
    return 2;
  }
  ThreadPool pool(1);
  for (const DType dtype : kTypes) {
    const auto weights = kernels::testing::random_weights(dtype, kRows, kCols, 1);
    for (const std::int64_t n : kColumns) {
      if (target == nullptr) {
        std::printf("%s/%d\n", std::string(dtype_name(dtype)).c_str(), static_cast<int>(n));
        continue;
      }
      std::vector<float> x(static_cast<std::size_t>(n * kCols)), y(static_cast<std::size_t>(n * kRows));
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009) / 500 - 1;
      Arena arena;
      if (!arena.reserve(kernels::matmul_scratch_bytes(n, kCols)).has_value()) return 1;
      kernels::Exec exec{target->table, &pool, &arena, kernels::Compute::kFast};
      MatView<const float> in{x.data(), n, kCols};
      MatView<float> out{y.data(), n, kRows};
      carat_counted_product(&in, &weights.view, &out, &exec);
    }
  }
  return 0;
}
