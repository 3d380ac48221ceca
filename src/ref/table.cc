#include "ref/table.h"

#include "ref/attention.h"
#include "ref/elementwise.h"
#include "ref/gelu.h"
#include "ref/matmul.h"
#include "ref/matmul_i8.h"
#include "ref/rms_norm.h"
#include "ref/rope.h"
#include "ref/softmax.h"

namespace carat::ref {

const kernels::KernelTable& table() {
  static constexpr kernels::KernelTable kTable = {
      .name = "ref",
      .rms_norm = rms_norm,
      .gelu_mul = gelu_mul,
      .add = add,
      .scale = scale,
      .scaled_add = scaled_add,
      .multiply = multiply,
      .softcap = softcap,
      .softmax = softmax,
      .rope = rope,
      .matmul = matmul,
      .quantize = quantize,
      .matmul_i8 = matmul_i8,
      .attention = attention,
  };
  return kTable;
}

}  // namespace carat::ref
