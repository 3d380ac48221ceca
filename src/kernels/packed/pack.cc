#include "kernels/packed/pack.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kernels/packed/layout.h"
#include "quant/codes.h"
#include "quant/decode.h"
#include "tensor/half.h"

namespace carat::kernels {
namespace {

using quant::CodeFormat;
using quant::RowCodes;

struct FormatOfType {
  DType dtype;
  PackedFormat format;
};

constexpr FormatOfType kFormats[] = {
    {DType::kF32, PackedFormat::kF32},       {DType::kF16, PackedFormat::kF16},
    {DType::kBF16, PackedFormat::kBF16},     {DType::kQ4_0, PackedFormat::kS4x32},
    {DType::kQ4_1, PackedFormat::kU4x32},    {DType::kQ5_0, PackedFormat::kS6x32},
    {DType::kQ5_1, PackedFormat::kU6x32},    {DType::kQ8_0, PackedFormat::kS8x32},
    {DType::kIQ4_NL, PackedFormat::kS8x32},  {DType::kMXFP4, PackedFormat::kS8x32F},
    {DType::kQ4_K, PackedFormat::kU4x32K},   {DType::kQ5_K, PackedFormat::kU6x32K},
    {DType::kIQ4_XS, PackedFormat::kS8x32K}, {DType::kQ6_K, PackedFormat::kS6x16K},
    {DType::kQ3_K, PackedFormat::kS4x16K},   {DType::kQ2_K, PackedFormat::kU4x16K},
};

// Signed codes are stored around the middle of their width, whatever their own zero point.
int stored_zero(const PackedTraits& t) { return t.has_min ? 0 : 1 << (t.code_bits - 1); }

// Addresses inside a group, the counterpart of GroupReader in matmul/matmul_f32-inl.h.
struct GroupAddress {
  PackedTraits traits;
  std::int64_t head_bytes;
  std::int64_t chunk_bytes;

  explicit GroupAddress(const PackedView& v)
      : traits(packed_traits(v.format)), head_bytes(v.head_bytes), chunk_bytes(packed_chunk_bytes(v.format)) {}

  std::int64_t factors_per_super() const { return 256 / traits.block * 16; }
  std::int64_t codes(std::int64_t k) const {
    if (traits.super) {
      return head_bytes + k / 256 * chunk_bytes + factors_per_super() * (traits.has_min ? 2 : 1) +
             k % 256 / 32 * half_bytes(traits.code_bits);
    }
    return k / 64 * chunk_bytes + k % 64 / 32 * half_bytes(traits.code_bits);
  }
  // In line scale of the block at k, lane 0.
  std::int64_t scale(std::int64_t k) const {
    return k / 64 * chunk_bytes + 2 * half_bytes(traits.code_bits) + k % 64 / 32 * 16 * traits.scale_bytes;
  }
  std::int64_t min(std::int64_t k) const { return scale(k) + 2 * 16 * traits.scale_bytes; }
  std::int64_t head_scale(std::int64_t k) const { return k / 256 * (traits.has_min ? 64 : 32); }
  std::int64_t head_min(std::int64_t k) const { return head_scale(k) + 32; }
  std::int64_t factor(std::int64_t k) const { return head_bytes + k / 256 * chunk_bytes + k % 256 / traits.block * 16; }
  std::int64_t min_factor(std::int64_t k) const { return factor(k) + factors_per_super(); }
};

void pack_half_codes(int code_bits, const std::uint8_t* c, std::uint8_t* half, std::int64_t lane) {
  std::uint8_t* out = half + lane * 4;
  if (code_bits == 8) {
    for (int j = 0; j < 8; ++j) std::memcpy(out + j * 64, c + j * 4, 4);
    return;
  }
  for (int j = 0; j < 4; ++j) {
    for (int t = 0; t < 4; ++t) {
      const int low = c[4 * j + t], high = c[16 + 4 * j + t];
      out[j * 64 + t] = static_cast<std::uint8_t>((low & 15) | ((high & 15) << 4));
    }
  }
  if (code_bits == 6) {
    for (int h = 0; h < 2; ++h) {
      for (int t = 0; t < 4; ++t) {
        int byte = 0;
        for (int i = 0; i < 4; ++i) byte |= (c[16 * h + 4 * i + t] >> 4) << (2 * i);
        out[256 + h * 64 + t] = static_cast<std::uint8_t>(byte);
      }
    }
  }
}

int unpack_code(int code_bits, const std::uint8_t* half, std::int64_t lane, int k) {
  const std::uint8_t* in = half + lane * 4;
  const int t = k % 4;
  if (code_bits == 8) return in[k / 4 * 64 + t];
  const int byte = in[k % 16 / 4 * 64 + t];
  const int low = k < 16 ? byte & 15 : byte >> 4;
  if (code_bits == 4) return low;
  return low | ((in[256 + k / 16 * 64 + t] >> (2 * (k % 16 / 4))) & 3) << 4;
}

void pack_float_row(const PackedView& v, const std::byte* row, std::int64_t lane, std::uint8_t* group) {
  for (std::int64_t k = 0; k < v.cols; ++k) {
    switch (v.format) {
      case PackedFormat::kF32:
        std::memcpy(group + (k * 16 + lane) * 4, row + k * 4, 4);
        break;
      case PackedFormat::kF16:
        std::memcpy(group + (k * 16 + lane) * 2, row + k * 2, 2);
        break;
      default:
        std::memcpy(group + (k / 2 * 16 + lane) * 4 + k % 2 * 2, row + k * 2, 2);
        break;
    }
  }
}

void pack_code_row(const PackedView& v, const CodeFormat& format, RowCodes& codes, std::int64_t lane,
                   std::uint8_t* group) {
  const GroupAddress at(v);
  const int shift = stored_zero(at.traits) - format.zero_point;
  if (shift != 0) {
    for (std::uint8_t& c : codes.codes) c = static_cast<std::uint8_t>(c + shift);
  }
  for (std::int64_t k = 0; k < v.cols; k += 32) {
    pack_half_codes(at.traits.code_bits, codes.codes.data() + k, group + at.codes(k), lane);
  }
  for (std::int64_t k = 0; k < v.cols; k += format.block) {
    const auto b = static_cast<std::size_t>(k / format.block), s = static_cast<std::size_t>(k / 256);
    switch (format.scale) {
      case CodeFormat::Scale::kF32:
        std::memcpy(group + at.scale(k) + lane * 4, &codes.d32[b], 4);
        break;
      case CodeFormat::Scale::kF16:
        std::memcpy(group + at.scale(k) + lane * 2, &codes.d[b], 2);
        if (format.has_min) std::memcpy(group + at.min(k) + lane * 2, &codes.m[b], 2);
        break;
      case CodeFormat::Scale::kSuper:
        std::memcpy(group + at.head_scale(k) + lane * 2, &codes.d[s], 2);
        group[at.factor(k) + lane] = static_cast<std::uint8_t>(codes.sub_d[b]);
        if (format.has_min) {
          std::memcpy(group + at.head_min(k) + lane * 2, &codes.m[s], 2);
          group[at.min_factor(k) + lane] = codes.sub_m[b];
        }
        break;
    }
  }
}

float read_f16(const std::uint8_t* p) {
  std::uint16_t h;
  std::memcpy(&h, p, 2);
  return f16_to_f32(h);
}

}  // namespace

std::optional<PackedFormat> packed_format(DType dtype) {
  for (const FormatOfType& f : kFormats) {
    if (f.dtype == dtype) return f.format;
  }
  return std::nullopt;
}

const char* packed_format_name(PackedFormat format) {
  switch (format) {
    case PackedFormat::kF32:
      return "f32";
    case PackedFormat::kF16:
      return "f16";
    case PackedFormat::kBF16:
      return "bf16";
    case PackedFormat::kS4x32:
      return "s4x32";
    case PackedFormat::kU4x32:
      return "u4x32";
    case PackedFormat::kS6x32:
      return "s6x32";
    case PackedFormat::kU6x32:
      return "u6x32";
    case PackedFormat::kS8x32:
      return "s8x32";
    case PackedFormat::kS8x32F:
      return "s8x32f";
    case PackedFormat::kU4x32K:
      return "u4x32k";
    case PackedFormat::kU6x32K:
      return "u6x32k";
    case PackedFormat::kS8x32K:
      return "s8x32k";
    case PackedFormat::kS6x16K:
      return "s6x16k";
    case PackedFormat::kS4x16K:
      return "s4x16k";
    case PackedFormat::kU4x16K:
      return "u4x16k";
  }
  return "?";
}

PackedView plan_packed(DType dtype, std::int64_t rows, std::int64_t cols) {
  const auto format = packed_format(dtype);
  CARAT_CHECK(format.has_value());
  PackedView v;
  v.format = *format;
  v.rows = rows;
  v.cols = cols;
  v.cols_padded = packed_cols(v.format, cols);
  v.head_bytes = packed_head_bytes(v.format, v.cols_padded);
  v.group_bytes = packed_group_bytes(v.format, v.cols_padded);
  return v;
}

bool pack_group(const PackedView& view, DType dtype, const std::byte* rows, std::int64_t row_bytes,
                std::int64_t group_index, std::uint8_t* group) {
  const CodeFormat* format = quant::code_format(dtype);
  const std::int64_t n = std::min(kGroupRows, view.rows - group_index * kGroupRows);
  RowCodes codes;
  for (std::int64_t lane = 0; lane < n; ++lane) {
    const std::byte* row = rows + lane * row_bytes;
    if (!quant::finite_scales(dtype, row, view.cols)) return false;
    if (format == nullptr) {
      pack_float_row(view, row, lane, group);
    } else {
      quant::unpack_codes(dtype, row, view.cols, codes);
      pack_code_row(view, *format, codes, lane, group);
    }
  }
  return true;
}

void decode_packed_row(const PackedView& v, std::int64_t row, float* y) {
  const std::uint8_t* group = v.data + row / kGroupRows * v.group_bytes;
  const std::int64_t lane = row % kGroupRows;
  const GroupAddress at(v);
  for (std::int64_t k = 0; k < v.cols; ++k) {
    if (v.format == PackedFormat::kF32) {
      std::memcpy(y + k, group + (k * 16 + lane) * 4, 4);
    } else if (v.format == PackedFormat::kF16) {
      y[k] = read_f16(group + (k * 16 + lane) * 2);
    } else if (v.format == PackedFormat::kBF16) {
      std::uint16_t b;
      std::memcpy(&b, group + (k / 2 * 16 + lane) * 4 + k % 2 * 2, 2);
      y[k] = bf16_to_f32(b);
    } else {
      const int code = unpack_code(at.traits.code_bits, group + at.codes(k), lane, static_cast<int>(k % 32));
      float d, m = 0;
      if (at.traits.super) {
        d = read_f16(group + at.head_scale(k) + lane * 2) *
            static_cast<float>(static_cast<std::int8_t>(group[at.factor(k) + lane]));
        if (at.traits.has_min) {
          m = read_f16(group + at.head_min(k) + lane * 2) * static_cast<float>(group[at.min_factor(k) + lane]);
        }
      } else if (at.traits.scale_bytes == 4) {
        std::memcpy(&d, group + at.scale(k) + lane * 4, 4);
      } else {
        d = read_f16(group + at.scale(k) + lane * 2);
        if (at.traits.has_min) m = read_f16(group + at.min(k) + lane * 2);
      }
      y[k] = d * static_cast<float>(code - stored_zero(at.traits)) - m;
    }
  }
}

}  // namespace carat::kernels
