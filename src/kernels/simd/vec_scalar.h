// simd::F and simd::I as plain arrays: the normative meaning of every vector operation, and the target for any CPU.
// Included inside an ISA namespace (targets/*.cc); see vec_ops.h for the operations every ISA has to provide.

struct F {
  float v[16];
};
struct I {
  std::int32_t v[16];
};
struct M {
  bool v[16];
};

#define CARAT_LANES for (int i = 0; i < 16; ++i)

inline F load(const float* p) {
  F r;
  CARAT_LANES r.v[i] = p[i];
  return r;
}
inline void store(float* p, F a) { CARAT_LANES p[i] = a.v[i]; }
inline F load_partial(const float* p, int n) {
  F r;
  CARAT_LANES r.v[i] = i < n ? p[i] : 0.0f;
  return r;
}
inline void store_partial(float* p, F a, int n) { CARAT_LANES if (i < n) p[i] = a.v[i]; }
inline F set1(float x) {
  F r;
  CARAT_LANES r.v[i] = x;
  return r;
}
inline F add(F a, F b) {
  CARAT_LANES a.v[i] += b.v[i];
  return a;
}
inline F sub(F a, F b) {
  CARAT_LANES a.v[i] -= b.v[i];
  return a;
}
inline F mul(F a, F b) {
  CARAT_LANES a.v[i] *= b.v[i];
  return a;
}
inline F div(F a, F b) {
  CARAT_LANES a.v[i] /= b.v[i];
  return a;
}
inline F fma(F a, F b, F c) {
  CARAT_LANES c.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return c;
}
inline F max(F a, F b) {
  CARAT_LANES a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline F min(F a, F b) {
  CARAT_LANES a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline M less(F a, F b) {
  M m;
  CARAT_LANES m.v[i] = a.v[i] < b.v[i];
  return m;
}
inline F select(M m, F yes, F no) {
  CARAT_LANES no.v[i] = m.v[i] ? yes.v[i] : no.v[i];
  return no;
}

inline I load_i(const void* p) {
  I r;
  __builtin_memcpy(&r, p, sizeof r);
  return r;
}
inline I set1_i(std::int32_t x) {
  I r;
  CARAT_LANES r.v[i] = x;
  return r;
}
inline I and_i(I a, I b) {
  CARAT_LANES a.v[i] &= b.v[i];
  return a;
}
inline I or_i(I a, I b) {
  CARAT_LANES a.v[i] |= b.v[i];
  return a;
}
inline I xor_i(I a, I b) {
  CARAT_LANES a.v[i] ^= b.v[i];
  return a;
}
inline I add_i(I a, I b) {
  CARAT_LANES a.v[i] =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) + static_cast<std::uint32_t>(b.v[i]));
  return a;
}
inline I sub_i(I a, I b) {
  CARAT_LANES a.v[i] =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) - static_cast<std::uint32_t>(b.v[i]));
  return a;
}
template <int N>
inline I shift_left(I a) {
  CARAT_LANES a.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) << N);
  return a;
}
template <int N>
inline I shift_right(I a) {
  CARAT_LANES a.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) >> N);
  return a;
}
template <int N>
inline I shift_right_signed(I a) {
  CARAT_LANES a.v[i] >>= N;
  return a;
}
inline F to_float(I a) {
  F r;
  CARAT_LANES r.v[i] = static_cast<float>(a.v[i]);
  return r;
}
inline I round_to_int(F a) {  // to nearest even; |a| < 2^22 (the sum leaves the integer in the low mantissa bits)
  I r;
  CARAT_LANES r.v[i] = static_cast<std::int32_t>((a.v[i] + 12582912.0f) - 12582912.0f);
  return r;
}
inline I max_i(I a, I b) {
  CARAT_LANES a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline std::int32_t reduce_max_i(I a) {
  std::int32_t m = a.v[0];
  CARAT_LANES m = a.v[i] > m ? a.v[i] : m;
  return m;
}
inline std::int32_t reduce_add_i(I a) {
  std::int32_t sum = 0;
  CARAT_LANES sum += a.v[i];
  return sum;
}
inline void store_i8(std::int8_t* p, I a) { CARAT_LANES p[i] = static_cast<std::int8_t>(a.v[i]); }
inline F bits_to_float(I a) {
  F r;
  __builtin_memcpy(&r, &a, sizeof r);
  return r;
}
inline I float_to_bits(F a) {
  I r;
  __builtin_memcpy(&r, &a, sizeof r);
  return r;
}

inline F load_i8(const std::int8_t* p) {
  F r;
  CARAT_LANES r.v[i] = static_cast<float>(p[i]);
  return r;
}
inline F load_u8(const std::uint8_t* p) {
  F r;
  CARAT_LANES r.v[i] = static_cast<float>(p[i]);
  return r;
}
inline F load_bf16(const std::uint16_t* p) {
  I r;
  CARAT_LANES r.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(p[i]) << 16);
  return bits_to_float(r);
}
inline float f16_lane_to_f32(std::uint32_t h) {
  const std::uint32_t sign = (h & 0x8000u) << 16;
  const std::uint32_t exponent = (h >> 10) & 31u;
  const std::uint32_t mantissa = h & 1023u;
  std::uint32_t bits;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    __builtin_memcpy(&bits, &magnitude, 4);
    bits |= sign;
  } else if (exponent == 31) {
    bits = sign | 0x7F800000u | (mantissa << 13) | (mantissa != 0 ? 0x400000u : 0u);  // vcvtph2ps quiets NaNs
  } else {
    bits = sign | ((exponent + 112u) << 23) | (mantissa << 13);
  }
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}
inline F load_f16(const std::uint16_t* p) {
  F r;
  CARAT_LANES r.v[i] = f16_lane_to_f32(p[i]);
  return r;
}
inline float reduce_add(F a) {
  float t[16];
  store(t, a);
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) t[i] += t[i + half];
  }
  return t[0];
}

inline float reduce_max(F a) {
  float t[16];
  store(t, a);
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) t[i] = t[i] > t[i + half] ? t[i] : t[i + half];
  }
  return t[0];
}
// a * 2^n, rounded once, for a in [0.5, 2] and n in [-150, 128]: two factors, so that results below 2^-126 round once
// to a subnormal and n = 128 does not overflow early.
inline F times_power_of_2(F a, I n) {
  const I half_n = shift_right_signed<1>(n);
  const F low = bits_to_float(shift_left<23>(add_i(half_n, set1_i(127))));
  const F high = bits_to_float(shift_left<23>(add_i(sub_i(n, half_n), set1_i(127))));
  return mul(mul(a, low), high);
}
#undef CARAT_LANES
