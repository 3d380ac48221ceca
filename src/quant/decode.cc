#include "quant/decode.h"

#include "base/check.h"
#include "quant/weight_types.h"

namespace carat::quant {
namespace {

const WeightType& checked_type(DType dtype, std::int64_t n) {
  const WeightType* type = find_weight_type(dtype);
  CARAT_CHECK(type != nullptr);
  CARAT_CHECK(n >= 0 && n % dtype_info(dtype).block_elements == 0);
  return *type;
}

}  // namespace

bool can_decode(DType dtype) { return find_weight_type(dtype) != nullptr; }

void decode_row(DType dtype, const std::byte* src, std::int64_t n, float* dst) {
  checked_type(dtype, n).decode_row(src, n, dst);
}

bool finite_scales(DType dtype, const std::byte* src, std::int64_t n) {
  return checked_type(dtype, n).finite_scales(src, n);
}

}  // namespace carat::quant
