#include "kernels/isa.h"

#include <array>

#include "kernels/kernel_table.h"

namespace carat::kernels {

namespace scalar {
extern const KernelTable kTable;
}
#if defined(__x86_64__)
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx2vnni {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
#endif

namespace {

bool always() { return true; }
#if defined(__x86_64__)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
bool has_avx2vnni() { return has_avx2() && __builtin_cpu_supports("avxvnni"); }
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}
#endif

const std::array kTargets = {
    IsaTarget{"scalar", "nothing", &scalar::kTable, always},
#if defined(__x86_64__)
    IsaTarget{"avx2", "AVX2, FMA, F16C", &avx2::kTable, has_avx2},
    IsaTarget{"avx2vnni", "AVX2, FMA, F16C, AVX-VNNI", &avx2vnni::kTable, has_avx2vnni},
    IsaTarget{"avx512", "AVX-512 F, BW, DQ, VL, VNNI", &avx512::kTable, has_avx512},
#endif
};

}  // namespace

std::span<const IsaTarget> isa_targets() { return kTargets; }

const IsaTarget& best_isa_target() {
  const IsaTarget* best = &kTargets[0];
  for (const IsaTarget& target : kTargets) {
    if (target.supported()) best = &target;
  }
  return *best;
}

}  // namespace carat::kernels
