// Test only: exp, exp_nonpositive and tanh of one ISA, looked at from outside. Compiled once per ISA with its options
// (CMakeLists.txt), CARAT_TEST_ISA naming it.
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>

namespace carat::kernels::testing {
namespace {

#if defined(__AVX512F__)
#include "kernels/simd/vec_avx512.h"
#elif defined(__AVX2__)
#include "kernels/simd/vec_avx2.h"
#else
#include "kernels/simd/vec_scalar.h"
#endif

#include "kernels/simd/vec_ops.h"

#include "kernels/simd/math.h"

}  // namespace

#define CARAT_JOIN(a, b) a##_##b
#define CARAT_NAME(a, b) CARAT_JOIN(a, b)

// x, y [n], n a multiple of 16
void CARAT_NAME(exp, CARAT_TEST_ISA)(const float* x, std::int64_t n, float* y) {
  for (std::int64_t i = 0; i < n; i += 16) store(y + i, exp(load(x + i)));
}
void CARAT_NAME(exp_nonpositive, CARAT_TEST_ISA)(const float* x, std::int64_t n, float* y) {
  for (std::int64_t i = 0; i < n; i += 16) store(y + i, exp_nonpositive(load(x + i)));
}
void CARAT_NAME(tanh, CARAT_TEST_ISA)(const float* x, std::int64_t n, float* y) {
  for (std::int64_t i = 0; i < n; i += 16) store(y + i, tanh(load(x + i)));
}

}  // namespace carat::kernels::testing
