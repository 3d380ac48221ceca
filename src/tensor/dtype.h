#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace carat {

/// Element types of tensors in files. The names are ggml's for block formats, safetensors' for plain ones.
enum class DType : std::uint8_t {
  kF64,
  kF32,
  kF16,
  kBF16,
  kI64,
  kI32,
  kI16,
  kI8,
  kU64,
  kU32,
  kU16,
  kU8,
  kBool,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ8_1,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kQ8_K,
  kIQ2_XXS,
  kIQ2_XS,
  kIQ3_XXS,
  kIQ1_S,
  kIQ4_NL,
  kIQ3_S,
  kIQ2_S,
  kIQ4_XS,
  kIQ1_M,
  kTQ1_0,
  kTQ2_0,
  kMXFP4,
  kNVFP4,
  kQ1_0,
  kQ2_0,
};

/// What a type is made of. One row of a matrix is `cols / block_elements` blocks of `block_bytes`.
struct DTypeInfo {
  DType dtype;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  int ggml_id;     ///< type number in GGUF files (do not change: on disk), -1 = not a GGUF type
  bool is_weight;  ///< carat can multiply by it (design.md: everything but IQ1-3, TQ, NVFP4 and activations' types)
};

const DTypeInfo& dtype_info(DType dtype);
inline std::string_view dtype_name(DType dtype) { return dtype_info(dtype).name; }
std::optional<DType> dtype_from_ggml_id(std::uint32_t id);
std::optional<DType> dtype_from_name(std::string_view name);

}  // namespace carat
