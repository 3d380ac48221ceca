// simd::F and simd::I as one 512-bit register. Needs AVX-512 F, BW, DQ, VL.

struct F {
  __m512 v;
};
struct I {
  __m512i v;
};
struct M {
  __mmask16 v;
};

inline __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1u); }

inline F load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, F a) { _mm512_storeu_ps(p, a.v); }
inline F load_partial(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
inline void store_partial(float* p, F a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }
inline F set1(float x) { return {_mm512_set1_ps(x)}; }
inline F add(F a, F b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F sub(F a, F b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F mul(F a, F b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F div(F a, F b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F fma(F a, F b, F c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F max(F a, F b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F min(F a, F b) { return {_mm512_min_ps(a.v, b.v)}; }
inline M less(F a, F b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline F select(M m, F yes, F no) { return {_mm512_mask_blend_ps(m.v, no.v, yes.v)}; }

inline I load_i(const void* p) { return {_mm512_loadu_si512(p)}; }
inline I set1_i(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
inline I and_i(I a, I b) { return {_mm512_and_si512(a.v, b.v)}; }
inline I or_i(I a, I b) { return {_mm512_or_si512(a.v, b.v)}; }
inline I xor_i(I a, I b) { return {_mm512_xor_si512(a.v, b.v)}; }
inline I add_i(I a, I b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I sub_i(I a, I b) { return {_mm512_sub_epi32(a.v, b.v)}; }
template <int N>
inline I shift_left(I a) {
  return {_mm512_slli_epi32(a.v, N)};
}
template <int N>
inline I shift_right(I a) {
  return {_mm512_srli_epi32(a.v, N)};
}
template <int N>
inline I shift_right_signed(I a) {
  return {_mm512_srai_epi32(a.v, N)};
}
inline F to_float(I a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline I round_to_int(F a) { return {_mm512_cvtps_epi32(a.v)}; }
inline I max_i(I a, I b) { return {_mm512_max_epi32(a.v, b.v)}; }
inline std::int32_t reduce_max_i(I a) { return _mm512_reduce_max_epi32(a.v); }
inline std::int32_t reduce_add_i(I a) { return _mm512_reduce_add_epi32(a.v); }
inline void store_i8(std::int8_t* p, I a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v));
}
inline F bits_to_float(I a) { return {_mm512_castsi512_ps(a.v)}; }
inline I float_to_bits(F a) { return {_mm512_castps_si512(a.v)}; }

inline F load_i8(const std::int8_t* p) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}
inline F load_u8(const std::uint8_t* p) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}
inline F load_bf16(const std::uint16_t* p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}
inline F load_f16(const std::uint16_t* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}

// Lanes i and i + 4, then + 2, + 1.
inline float reduce_add_8(__m256 a) {
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}
inline float reduce_max_8(__m256 a) {
  const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}
inline float reduce_add(F a) {
  return reduce_add_8(_mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1)));
}
inline float reduce_max(F a) {
  return reduce_max_8(_mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1)));
}

// a * 2^n, rounded once.
inline F times_power_of_2(F a, I n) { return {_mm512_scalef_ps(a.v, _mm512_cvtepi32_ps(n.v))}; }
