#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace carat::formats {

/// Value types of GGUF metadata; the numbers are on disk, do not change.
enum class GgufType : std::uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};
inline constexpr std::uint32_t kGgufTypeCount = 13;

std::string_view gguf_type_name(GgufType type);

/// Bytes of one number or bool; 0 for strings and arrays.
std::uint64_t gguf_scalar_bytes(GgufType type);

/// A metadata value as it stands in the file; little endian, unaligned, never copied.
struct GgufValue {
  GgufType type = GgufType::kU8;
  GgufType element_type = GgufType::kU8;  ///< arrays only
  std::uint64_t count = 1;                ///< elements of an array, else 1
  /// A number's bytes; a string's text; an array's elements back to back (strings as u64 length and text).
  std::span<const std::byte> bytes;
};

/// Which GgufType a C++ type is written as.
template <typename T>
struct GgufTypeOf;
template <>
struct GgufTypeOf<std::uint8_t> {
  static constexpr GgufType value = GgufType::kU8;
};
template <>
struct GgufTypeOf<std::int8_t> {
  static constexpr GgufType value = GgufType::kI8;
};
template <>
struct GgufTypeOf<std::uint16_t> {
  static constexpr GgufType value = GgufType::kU16;
};
template <>
struct GgufTypeOf<std::int16_t> {
  static constexpr GgufType value = GgufType::kI16;
};
template <>
struct GgufTypeOf<std::uint32_t> {
  static constexpr GgufType value = GgufType::kU32;
};
template <>
struct GgufTypeOf<std::int32_t> {
  static constexpr GgufType value = GgufType::kI32;
};
template <>
struct GgufTypeOf<float> {
  static constexpr GgufType value = GgufType::kF32;
};
template <>
struct GgufTypeOf<bool> {
  static constexpr GgufType value = GgufType::kBool;
};
template <>
struct GgufTypeOf<std::uint64_t> {
  static constexpr GgufType value = GgufType::kU64;
};
template <>
struct GgufTypeOf<std::int64_t> {
  static constexpr GgufType value = GgufType::kI64;
};
template <>
struct GgufTypeOf<double> {
  static constexpr GgufType value = GgufType::kF64;
};

}  // namespace carat::formats
