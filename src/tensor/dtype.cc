#include "tensor/dtype.h"

#include <array>

#include "base/check.h"

namespace carat {
namespace {

// The one explicit table: a new element type is a line here (and, for weights, its blocks in quant/).
constexpr std::array kTypes = {
    DTypeInfo{DType::kF64, "F64", 1, 8, 28, false},
    DTypeInfo{DType::kF32, "F32", 1, 4, 0, true},
    DTypeInfo{DType::kF16, "F16", 1, 2, 1, true},
    DTypeInfo{DType::kBF16, "BF16", 1, 2, 30, true},
    DTypeInfo{DType::kI64, "I64", 1, 8, 27, false},
    DTypeInfo{DType::kI32, "I32", 1, 4, 26, false},
    DTypeInfo{DType::kI16, "I16", 1, 2, 25, false},
    DTypeInfo{DType::kI8, "I8", 1, 1, 24, false},
    DTypeInfo{DType::kU64, "U64", 1, 8, -1, false},
    DTypeInfo{DType::kU32, "U32", 1, 4, -1, false},
    DTypeInfo{DType::kU16, "U16", 1, 2, -1, false},
    DTypeInfo{DType::kU8, "U8", 1, 1, -1, false},
    DTypeInfo{DType::kBool, "BOOL", 1, 1, -1, false},
    DTypeInfo{DType::kQ4_0, "Q4_0", 32, 18, 2, true},
    DTypeInfo{DType::kQ4_1, "Q4_1", 32, 20, 3, true},
    DTypeInfo{DType::kQ5_0, "Q5_0", 32, 22, 6, true},
    DTypeInfo{DType::kQ5_1, "Q5_1", 32, 24, 7, true},
    DTypeInfo{DType::kQ8_0, "Q8_0", 32, 34, 8, true},
    DTypeInfo{DType::kQ8_1, "Q8_1", 32, 36, 9, false},
    DTypeInfo{DType::kQ2_K, "Q2_K", 256, 84, 10, true},
    DTypeInfo{DType::kQ3_K, "Q3_K", 256, 110, 11, true},
    DTypeInfo{DType::kQ4_K, "Q4_K", 256, 144, 12, true},
    DTypeInfo{DType::kQ5_K, "Q5_K", 256, 176, 13, true},
    DTypeInfo{DType::kQ6_K, "Q6_K", 256, 210, 14, true},
    DTypeInfo{DType::kQ8_K, "Q8_K", 256, 292, 15, false},
    DTypeInfo{DType::kIQ2_XXS, "IQ2_XXS", 256, 66, 16, false},
    DTypeInfo{DType::kIQ2_XS, "IQ2_XS", 256, 74, 17, false},
    DTypeInfo{DType::kIQ3_XXS, "IQ3_XXS", 256, 98, 18, false},
    DTypeInfo{DType::kIQ1_S, "IQ1_S", 256, 50, 19, false},
    DTypeInfo{DType::kIQ4_NL, "IQ4_NL", 32, 18, 20, true},
    DTypeInfo{DType::kIQ3_S, "IQ3_S", 256, 110, 21, false},
    DTypeInfo{DType::kIQ2_S, "IQ2_S", 256, 82, 22, false},
    DTypeInfo{DType::kIQ4_XS, "IQ4_XS", 256, 136, 23, true},
    DTypeInfo{DType::kIQ1_M, "IQ1_M", 256, 56, 29, false},
    DTypeInfo{DType::kTQ1_0, "TQ1_0", 256, 54, 34, false},
    DTypeInfo{DType::kTQ2_0, "TQ2_0", 256, 66, 35, false},
    DTypeInfo{DType::kMXFP4, "MXFP4", 32, 17, 39, true},
    DTypeInfo{DType::kNVFP4, "NVFP4", 64, 36, 40, false},
    DTypeInfo{DType::kQ1_0, "Q1_0", 128, 18, 41, false},
    DTypeInfo{DType::kQ2_0, "Q2_0", 64, 18, 42, false},
};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (static_cast<std::size_t>(kTypes[i].dtype) != i) return false;
  }
  return true;
}
static_assert(in_enum_order(), "dtype_info indexes the table by the enum's value");

}  // namespace

const DTypeInfo& dtype_info(DType dtype) {
  const auto i = static_cast<std::size_t>(dtype);
  CARAT_CHECK(i < kTypes.size());
  return kTypes[i];
}

std::optional<DType> dtype_from_ggml_id(std::uint32_t id) {
  for (const DTypeInfo& info : kTypes) {
    if (info.ggml_id >= 0 && static_cast<std::uint32_t>(info.ggml_id) == id) return info.dtype;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeInfo& info : kTypes) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

}  // namespace carat
