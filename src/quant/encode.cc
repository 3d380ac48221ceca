#include "quant/encode.h"

#include "base/check.h"
#include "quant/weight_types.h"

namespace carat::quant {

void encode_row(DType dtype, const float* src, std::int64_t n, std::byte* dst) {
  const WeightType* type = find_weight_type(dtype);
  CARAT_CHECK(type != nullptr);
  CARAT_CHECK(n >= 0 && n % dtype_info(dtype).block_elements == 0);
  type->encode_row(src, n, dst);
}

}  // namespace carat::quant
