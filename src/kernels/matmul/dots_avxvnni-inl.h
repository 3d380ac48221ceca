// Dots of 16 k for 8 rows, AVX-VNNI: one instruction a register, no saturation. Included by targets/avx2vnni.cc inside
// its namespace.

inline constexpr int kDotColumns = 2;  // columns interleaved: a dot waits for the one before it in its chain

template <int Bits>
struct Dots {
  static constexpr bool kSignedCodes = false;
  __m256i sum;

  // Assembly: g++ 12 copies accumulators around the intrinsic (style guide 5). `vex`: the encoding without AVX-512.
  inline __attribute__((always_inline)) void add(int, __m256i codes, __m256i q) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(codes), "x"(q));
  }
};
