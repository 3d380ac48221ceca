// AVX2 + FMA + F16C. 16 registers of 8 lanes: tiles of six accumulators of 16 lanes.
// Only intrinsics, fixed-width integers and our -inl.h files in here: a standard template would become a weak symbol
// compiled for this ISA that the linker may hand to everyone (tools/check_isa_objects).
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/packed/layout.h"

#define CARAT_ATTENTION_ROWS 4
#define CARAT_ATTENTION_CHAINS 4
#define CARAT_MATMUL_COLUMNS 3
#define CARAT_MATMUL_GROUPS 1
#define CARAT_PREFETCH_BYTES 4096

namespace carat::kernels::avx2 {
namespace {

// Each builds on the one before it: blank lines keep clang-format from sorting them.
#include "kernels/simd/vec_avx2.h"

#include "kernels/simd/vec_ops.h"

#include "kernels/simd/math.h"

#include "kernels/attention_tile-inl.h"

#include "kernels/attention-inl.h"
#include "kernels/elementwise-inl.h"
#include "kernels/matmul/quantize-inl.h"

#include "kernels/matmul/group-inl.h"

#include "kernels/matmul/codes_f32-inl.h"
#include "kernels/matmul/dots_avx2-inl.h"

#include "kernels/matmul/matmul_f32_few-inl.h"
#include "kernels/matmul/matmul_f32_many-inl.h"

#include "kernels/matmul/matmul_f32-inl.h"

#include "kernels/matmul/matmul_i8_avx2-inl.h"

#include "kernels/matmul/tile_widths-inl.h"

#include "kernels/matmul/matmul_i8-inl.h"

}  // namespace

extern const KernelTable kTable = {
    "avx2", rms_norm, gelu_mul, add_rows,  scale,     scaled_add,       multiply,          softcap,          softmax,
    rope,   matmul,   quantize, matmul_i8, attention, attention_scores, attention_weights, attention_values,
};

}  // namespace carat::kernels::avx2
