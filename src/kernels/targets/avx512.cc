// AVX-512 F, BW, DQ, VL. 32 registers: tiles of up to 24 accumulators.
// Only intrinsics, fixed-width integers and our -inl.h files in here: a standard template would become a weak symbol
// compiled for this ISA that the linker may hand to everyone (tools/check_isa_objects).
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/packed/layout.h"

#define CARAT_ATTENTION_ROWS 8
#define CARAT_ATTENTION_CHAINS 16
#define CARAT_MATMUL_COLUMNS 6
#define CARAT_GEMM_COLUMNS 7
#define CARAT_MATMUL_GROUPS 2

namespace carat::kernels::avx512 {
namespace {

// Each builds on the one before it: blank lines keep clang-format from sorting them.
#include "kernels/simd/vec_avx512.h"

#include "kernels/simd/vec_ops.h"

#include "kernels/simd/math.h"

#include "kernels/attention_tile-inl.h"

#include "kernels/attention-inl.h"
#include "kernels/elementwise-inl.h"
#include "kernels/matmul/quantize-inl.h"

#include "kernels/matmul/group-inl.h"

#include "kernels/matmul/codes_f32-inl.h"

#include "kernels/matmul/matmul_f32_few-inl.h"
#include "kernels/matmul/matmul_f32_many-inl.h"

#include "kernels/matmul/matmul_f32-inl.h"
#include "kernels/matmul/matmul_i8_avx512-inl.h"

#include "kernels/matmul/gemm_i8_avx512-inl.h"
#include "kernels/matmul/tile_widths-inl.h"

#include "kernels/matmul/matmul_i8-inl.h"

}  // namespace

extern const KernelTable kTable = {
    "avx512",
    rms_norm,
    gelu_mul,
    add_rows,
    scale,
    scaled_add,
    multiply,
    softcap,
    softmax,
    rope,
    matmul,
    quantize,
    matmul_i8,
    attention,
    attention_scores,
    attention_weights,
    attention_values,
    {32, CARAT_GEMM_COLUMNS},
};

}  // namespace carat::kernels::avx512
