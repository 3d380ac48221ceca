#include "quant/codes.h"

#include "base/check.h"
#include "quant/weight_types.h"
#include "tensor/half.h"

namespace carat::quant {

const CodeFormat* code_format(DType dtype) {
  const WeightType* type = find_weight_type(dtype);
  return type != nullptr && type->unpack_codes != nullptr ? &type->format : nullptr;
}

void unpack_codes(DType dtype, const std::byte* src, std::int64_t n, RowCodes& out) {
  const WeightType* type = find_weight_type(dtype);
  CARAT_CHECK(type != nullptr && type->unpack_codes != nullptr);
  CARAT_CHECK(n >= 0 && n % dtype_info(dtype).block_elements == 0);
  type->unpack_codes(src, n, out);
}

float scale_of(const CodeFormat& format, const RowCodes& row, std::int64_t block_idx) {
  const auto i = static_cast<std::size_t>(block_idx);
  switch (format.scale) {
    case CodeFormat::Scale::kF16:
      return f16_to_f32(row.d[i]);
    case CodeFormat::Scale::kF32:
      return row.d32[i];
    case CodeFormat::Scale::kSuper:
      break;
  }
  const auto per_super = static_cast<std::size_t>(256 / format.block);
  return f16_to_f32(row.d[i / per_super]) * static_cast<float>(row.sub_d[i]);
}

float min_of(const CodeFormat& format, const RowCodes& row, std::int64_t block_idx) {
  if (!format.has_min) return 0.0F;
  const auto i = static_cast<std::size_t>(block_idx);
  if (format.scale != CodeFormat::Scale::kSuper) return f16_to_f32(row.m[i]);
  const auto per_super = static_cast<std::size_t>(256 / format.block);
  return f16_to_f32(row.m[i / per_super]) * static_cast<float>(row.sub_m[i]);
}

}  // namespace carat::quant
