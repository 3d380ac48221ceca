#pragma once

#include <cmath>

#include "quant/blocks.h"
#include "quant/sub_scales-inl.h"

/// decode_block: one block to its values, one overload for each type. All products in float32, in the order of the
/// formulas (docs/formats/blocks.md), so the values are ggml's bit for bit.
namespace carat::quant {

inline void decode_block(const BlockQ4_0& b, float* y) {
  const float d = b.d.f32();
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>((b.qs[i] & 15) - 8);
    y[i + 16] = d * static_cast<float>((b.qs[i] >> 4) - 8);
  }
}

inline void decode_block(const BlockQ4_1& b, float* y) {
  const float d = b.d.f32();
  const float m = b.m.f32();
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>(b.qs[i] & 15) + m;
    y[i + 16] = d * static_cast<float>(b.qs[i] >> 4) + m;
  }
}

inline void decode_block(const BlockQ5_0& b, float* y) {
  const float d = b.d.f32();
  const std::uint32_t high = b.qh.get();
  for (int i = 0; i < 16; ++i) {
    const int lo = (b.qs[i] & 15) | static_cast<int>((high >> i & 1) << 4);
    const int hi = (b.qs[i] >> 4) | static_cast<int>((high >> (i + 16) & 1) << 4);
    y[i] = d * static_cast<float>(lo - 16);
    y[i + 16] = d * static_cast<float>(hi - 16);
  }
}

inline void decode_block(const BlockQ5_1& b, float* y) {
  const float d = b.d.f32();
  const float m = b.m.f32();
  const std::uint32_t high = b.qh.get();
  for (int i = 0; i < 16; ++i) {
    const int lo = (b.qs[i] & 15) | static_cast<int>((high >> i & 1) << 4);
    const int hi = (b.qs[i] >> 4) | static_cast<int>((high >> (i + 16) & 1) << 4);
    y[i] = d * static_cast<float>(lo) + m;
    y[i + 16] = d * static_cast<float>(hi) + m;
  }
}

inline void decode_block(const BlockQ8_0& b, float* y) {
  const float d = b.d.f32();
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(b.qs[i]);
}

inline void decode_block(const BlockIQ4_NL& b, float* y) {
  const float d = b.d.f32();
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>(kIQ4Values[b.qs[i] & 15]);
    y[i + 16] = d * static_cast<float>(kIQ4Values[b.qs[i] >> 4]);
  }
}

inline void decode_block(const BlockMXFP4& b, float* y) {
  const float d = std::ldexp(1.0F, b.e - 128);  // exact: subnormal for e < 2
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>(kMXFP4Values[b.qs[i] & 15]);
    y[i + 16] = d * static_cast<float>(kMXFP4Values[b.qs[i] >> 4]);
  }
}

inline void decode_block(const BlockQ2_K& b, float* y) {
  const float d = b.d.f32();
  const float dmin = b.dmin.f32();
  for (int k = 0; k < 16; ++k) {  // sub-block k of 16 elements: k = 8 half + 2 j + (upper 16 of 32)
    const float scale = d * static_cast<float>(b.scales[k] & 15);
    const float min = dmin * static_cast<float>(b.scales[k] >> 4);
    const std::uint8_t* qs = b.qs.data() + k / 8 * 32 + k % 2 * 16;
    const int shift = k % 8 / 2 * 2;
    for (int l = 0; l < 16; ++l) y[16 * k + l] = scale * static_cast<float>(qs[l] >> shift & 3) - min;
  }
}

inline void decode_block(const BlockQ3_K& b, float* y) {
  const float d = b.d.f32();
  for (int k = 0; k < 16; ++k) {
    const float scale = d * static_cast<float>(q3_k_scale(b.scales, k));
    const std::uint8_t* qs = b.qs.data() + k / 8 * 32 + k % 2 * 16;
    const std::uint8_t* hmask = b.hmask.data() + k % 2 * 16;
    const int shift = k % 8 / 2 * 2;
    for (int l = 0; l < 16; ++l) {
      const int q = (qs[l] >> shift & 3) - ((hmask[l] >> (k / 2) & 1) != 0 ? 0 : 4);  // a clear bit subtracts 4
      y[16 * k + l] = scale * static_cast<float>(q);
    }
  }
}

inline void decode_block(const BlockQ4_K& b, float* y) {
  for (int g = 0; g < 8; ++g) {
    const float d = b.d.f32() * static_cast<float>(q4_k_scale(b.scales, g));
    const float m = b.dmin.f32() * static_cast<float>(q4_k_min(b.scales, g));
    const int shift = g % 2 * 4;
    for (int l = 0; l < 32; ++l) {
      y[32 * g + l] = d * static_cast<float>(b.qs[g / 2 * 32 + l] >> shift & 15) - m;
    }
  }
}

inline void decode_block(const BlockQ5_K& b, float* y) {
  for (int g = 0; g < 8; ++g) {
    const float d = b.d.f32() * static_cast<float>(q4_k_scale(b.scales, g));
    const float m = b.dmin.f32() * static_cast<float>(q4_k_min(b.scales, g));
    const int shift = g % 2 * 4;
    for (int l = 0; l < 32; ++l) {
      const int q = (b.qs[g / 2 * 32 + l] >> shift & 15) | (b.qh[l] >> g & 1) << 4;
      y[32 * g + l] = d * static_cast<float>(q) - m;
    }
  }
}

inline void decode_block(const BlockQ6_K& b, float* y) {
  const float d = b.d.f32();
  for (int k = 0; k < 16; ++k) {
    const float scale = d * static_cast<float>(b.scales[k]);
    const int j = k % 8 / 2;
    const std::uint8_t* ql = b.ql.data() + k / 8 * 64 + (j & 1) * 32 + k % 2 * 16;
    const std::uint8_t* qh = b.qh.data() + k / 8 * 32 + k % 2 * 16;
    const int low_shift = j < 2 ? 0 : 4;
    for (int l = 0; l < 16; ++l) {
      const int q = (ql[l] >> low_shift & 15) | (qh[l] >> (2 * j) & 3) << 4;
      y[16 * k + l] = scale * static_cast<float>(q - 32);
    }
  }
}

inline void decode_block(const BlockIQ4_XS& b, float* y) {
  for (int k = 0; k < 8; ++k) {
    const float d = b.d.f32() * static_cast<float>(iq4_xs_scale(b.scales_l, b.scales_h, k));
    for (int i = 0; i < 16; ++i) {
      const std::uint8_t pair = b.qs[16 * k + i];
      y[32 * k + i] = d * static_cast<float>(kIQ4Values[pair & 15]);
      y[32 * k + 16 + i] = d * static_cast<float>(kIQ4Values[pair >> 4]);
    }
  }
}

}  // namespace carat::quant
