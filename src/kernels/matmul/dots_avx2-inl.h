// Dots of 16 k for 8 rows, AVX2 alone. vpmaddubsw adds two products in 16 bits and saturates, so each width of code has
// its own way to stay exact, with |q| <= 127. Included by targets/avx2.cc inside its namespace.
//
//   4 bits: 8 products of 15 * 127 fit into 16 bits
//   6 bits: 4 products of 63 * 127 fit into 16 bits
//   8 bits: c = code - 128, c q = |c| (q with the sign of c); 2 products of 128 * 127 fit into 16 bits

inline constexpr int kDotColumns = 1;  // columns interleaved: no long chain to hide here

template <int Bits>
struct Dots {
  static constexpr bool kSignedCodes = Bits == 8;
  __m256i sum, pairs;

  // Register j of the four of these 16 k, in turn.
  inline __attribute__((always_inline)) void add(int j, __m256i codes, __m256i q) {
    if constexpr (Bits == 8) {
      const __m256i signed_codes = _mm256_xor_si256(codes, _mm256_set1_epi8(static_cast<char>(0x80)));
      add_pairs(_mm256_maddubs_epi16(_mm256_abs_epi8(signed_codes), _mm256_sign_epi8(q, signed_codes)));
    } else {
      constexpr int kFit = Bits == 4 ? 4 : 2;  // registers whose pairs add up in 16 bits
      const __m256i products = _mm256_maddubs_epi16(codes, q);
      pairs = j % kFit == 0 ? products : _mm256_add_epi16(pairs, products);
      if (j % kFit == kFit - 1) add_pairs(pairs);
    }
  }
  inline __attribute__((always_inline)) void add_pairs(__m256i p) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(p, _mm256_set1_epi16(1)));
  }
};
