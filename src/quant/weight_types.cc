#include "quant/weight_types.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quant/block_codes-inl.h"
#include "quant/block_decode-inl.h"
#include "quant/block_encode-inl.h"

namespace carat::quant {
namespace {

/// One element of a plain type, as a block of one.
struct PlainF32 {
  static constexpr int kElements = 1;
  LeU32 bits;
};
struct PlainF16 {
  static constexpr int kElements = 1;
  Half bits;
};
struct PlainBF16 {
  static constexpr int kElements = 1;
  LeU16 bits;
};

void decode_block(const PlainF32& b, float* y) { *y = std::bit_cast<float>(b.bits.get()); }
void decode_block(const PlainF16& b, float* y) { *y = b.bits.f32(); }
void decode_block(const PlainBF16& b, float* y) { *y = bf16_to_f32(b.bits.get()); }

void encode_block(const float* x, PlainF32& b) { store_u32(std::bit_cast<std::uint32_t>(*x), b.bits); }
void encode_block(const float* x, PlainF16& b) { b.bits = half_of(*x); }
void encode_block(const float* x, PlainBF16& b) { store_u16(f32_to_bf16(*x), b.bits); }

bool finite_block(const PlainF32& b) { return std::isfinite(std::bit_cast<float>(b.bits.get())); }
bool finite_block(const PlainF16& b) { return b.bits.finite(); }
bool finite_block(const PlainBF16& b) { return std::isfinite(bf16_to_f32(b.bits.get())); }

bool finite_block(const BlockMXFP4& b) {
  if (b.e <= 252) return true;  // 12 * 2^(252 - 128) = 1.5 * 2^127
  float values[BlockMXFP4::kElements];
  decode_block(b, values);
  return std::all_of(std::begin(values), std::end(values), [](float v) { return std::isfinite(v); });
}

template <typename Block>
bool finite_block(const Block& b) {
  if constexpr (requires { b.m; }) {
    return b.d.finite() && b.m.finite();
  } else if constexpr (requires { b.dmin; }) {
    return b.d.finite() && b.dmin.finite();
  } else {
    return b.d.finite();
  }
}

template <typename Block>
const Block& block_at(const std::byte* src, std::int64_t i) {
  static_assert(alignof(Block) == 1);
  return reinterpret_cast<const Block*>(src)[i];
}

template <typename Block>
void decode_blocks(const std::byte* src, std::int64_t n, float* dst) {
  for (std::int64_t i = 0; i < n / Block::kElements; ++i) {
    decode_block(block_at<Block>(src, i), dst + i * Block::kElements);
  }
}

template <typename Block>
void encode_blocks(const float* src, std::int64_t n, std::byte* dst) {
  for (std::int64_t i = 0; i < n / Block::kElements; ++i) {
    encode_block(src + i * Block::kElements, reinterpret_cast<Block*>(dst)[i]);
  }
}

template <typename Block>
bool finite_blocks(const std::byte* src, std::int64_t n) {
  for (std::int64_t i = 0; i < n / Block::kElements; ++i) {
    if (!finite_block(block_at<Block>(src, i))) return false;
  }
  return true;
}

void resize_for(const CodeFormat& format, std::int64_t n, RowCodes& out) {
  const auto blocks = static_cast<std::size_t>(n / format.block);
  const bool super = format.scale == CodeFormat::Scale::kSuper;
  const auto scales = super ? static_cast<std::size_t>(n / 256) : blocks;
  const bool f32 = format.scale == CodeFormat::Scale::kF32;
  out.codes.resize(static_cast<std::size_t>(n));
  out.d.resize(f32 ? 0 : scales);
  out.d32.resize(f32 ? blocks : 0);
  out.sub_d.resize(super ? blocks : 0);
  out.m.resize(format.has_min ? scales : 0);
  out.sub_m.resize(super && format.has_min ? blocks : 0);
}

template <typename T>
T* at(std::vector<T>& v, std::int64_t i) {
  return v.empty() ? nullptr : v.data() + i;
}

template <typename Block, CodeFormat format>
void unpack_blocks(const std::byte* src, std::int64_t n, RowCodes& out) {
  resize_for(format, n, out);
  constexpr int kBlocks = Block::kElements / format.block;  // scale blocks in a file block
  for (std::int64_t i = 0; i < n / Block::kElements; ++i) {
    unpack_block(block_at<Block>(src, i),
                 BlockOut{out.codes.data() + i * Block::kElements, at(out.d, i), at(out.d32, i),
                          at(out.sub_d, i * kBlocks), at(out.m, i), at(out.sub_m, i * kBlocks)});
  }
}

template <typename Block>
constexpr WeightType plain(DType dtype) {
  return {dtype, decode_blocks<Block>, encode_blocks<Block>, finite_blocks<Block>, nullptr, {}};
}

template <typename Block, CodeFormat format>
constexpr WeightType coded(DType dtype) {
  return {dtype, decode_blocks<Block>, encode_blocks<Block>, finite_blocks<Block>, unpack_blocks<Block, format>,
          format};
}

constexpr auto kF16 = CodeFormat::Scale::kF16;
constexpr auto kF32 = CodeFormat::Scale::kF32;
constexpr auto kSuper = CodeFormat::Scale::kSuper;

// The one explicit table. CodeFormat: elements per scale, stored bits, zero point, kind of scale, minimum.
constexpr WeightType kTypes[] = {
    plain<PlainF32>(DType::kF32),
    plain<PlainF16>(DType::kF16),
    plain<PlainBF16>(DType::kBF16),
    coded<BlockQ4_0, CodeFormat{32, 4, 8, kF16, false}>(DType::kQ4_0),
    coded<BlockQ4_1, CodeFormat{32, 4, 0, kF16, true}>(DType::kQ4_1),
    coded<BlockQ5_0, CodeFormat{32, 6, 16, kF16, false}>(DType::kQ5_0),
    coded<BlockQ5_1, CodeFormat{32, 6, 0, kF16, true}>(DType::kQ5_1),
    coded<BlockQ8_0, CodeFormat{32, 8, 128, kF16, false}>(DType::kQ8_0),
    coded<BlockQ2_K, CodeFormat{16, 4, 0, kSuper, true}>(DType::kQ2_K),
    coded<BlockQ3_K, CodeFormat{16, 4, 4, kSuper, false}>(DType::kQ3_K),
    coded<BlockQ4_K, CodeFormat{32, 4, 0, kSuper, true}>(DType::kQ4_K),
    coded<BlockQ5_K, CodeFormat{32, 6, 0, kSuper, true}>(DType::kQ5_K),
    coded<BlockQ6_K, CodeFormat{16, 6, 32, kSuper, false}>(DType::kQ6_K),
    coded<BlockIQ4_NL, CodeFormat{32, 8, 128, kF16, false}>(DType::kIQ4_NL),
    coded<BlockIQ4_XS, CodeFormat{32, 8, 128, kSuper, false}>(DType::kIQ4_XS),
    coded<BlockMXFP4, CodeFormat{32, 8, 128, kF32, false}>(DType::kMXFP4),
};

}  // namespace

std::span<const WeightType> weight_types() { return kTypes; }

const WeightType* find_weight_type(DType dtype) {
  const auto* it =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const WeightType& t) { return t.dtype == dtype; });
  return it == std::end(kTypes) ? nullptr : it;
}

}  // namespace carat::quant
