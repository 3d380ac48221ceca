#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quant/codes.h"
#include "tensor/dtype.h"

namespace carat::quant {

/// Everything this folder knows about one weight type. A new type is a struct in blocks.h, an overload in
/// block_decode-inl.h, block_encode-inl.h and block_codes-inl.h, and a line in the table of weight_types.cc.
struct WeightType {
  DType dtype;
  void (*decode_row)(const std::byte* src, std::int64_t n, float* dst);
  void (*encode_row)(const float* src, std::int64_t n, std::byte* dst);
  bool (*finite_scales)(const std::byte* src, std::int64_t n);
  void (*unpack_codes)(const std::byte* src, std::int64_t n, RowCodes& out);  ///< null for plain types
  CodeFormat format;                                                          ///< unused for plain types
};

std::span<const WeightType> weight_types();

/// nullptr when `dtype` is no weight type.
const WeightType* find_weight_type(DType dtype);

}  // namespace carat::quant
