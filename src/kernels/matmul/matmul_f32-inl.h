// y = W x in f32 from packed weights, for every format: `exact` mode (docs/arithmetic.md 4). Included by targets/*.cc
// inside the ISA namespace, after codes_f32, matmul_f32_few and matmul_f32_many. One output:
//
//   acc = 0;  for each block, ascending:  s = sum over the block of code * x;  acc = fma(s, d, acc);
//                                         with a minimum: acc = fma(-m, sum over the block of x, acc)
//   s: pieces of 16 k, each one fma chain from 0; a block of 32 adds its two pieces. Float weights: acc = acc + s.
//
// Few columns and many walk k alike, so every output has the same bits in any batch.

inline constexpr std::int64_t kFewColumns = 4;

template <PackedFormat Format>
inline void matmul_few(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                       std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                       float* y, std::int64_t y_stride) {
  for (std::int64_t g = first_group; g < end_group; ++g) {
    switch (n_tokens) {
      case 1:
        multiply_few_columns<Format, 1>(w, g, x, x_stride, x_sums, x_sums_stride, y, y_stride);
        break;
      case 2:
        multiply_few_columns<Format, 2>(w, g, x, x_stride, x_sums, x_sums_stride, y, y_stride);
        break;
      case 3:
        multiply_few_columns<Format, 3>(w, g, x, x_stride, x_sums, x_sums_stride, y, y_stride);
        break;
      default:
        multiply_few_columns<Format, 4>(w, g, x, x_stride, x_sums, x_sums_stride, y, y_stride);
        break;
    }
  }
}

template <PackedFormat Format>
inline void matmul_many(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                        std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                        float* y, std::int64_t y_stride) {
  const std::int64_t n_parts = (n_tokens + kColumnsAtOnce - 1) / kColumnsAtOnce;
  for (std::int64_t part = 0; part < n_parts; ++part) {
    const std::int64_t t = n_tokens * part / n_parts;
    const std::int64_t n = n_tokens * (part + 1) / n_parts - t;
    const float* xt = x + t * x_stride;
    const float* sums = x_sums + t * x_sums_stride;
    float* yt = y + t * y_stride;
    for (std::int64_t k = 0; k < w.cols_padded; k += kDepth) {
      const std::int64_t k_end = w.cols_padded - k < kDepth ? w.cols_padded : k + kDepth;
      std::int64_t g = first_group;
      for (; g + CARAT_MATMUL_GROUPS <= end_group; g += CARAT_MATMUL_GROUPS) {
        multiply_many_columns<Format, CARAT_MATMUL_GROUPS>(w, g, k, k_end, xt, x_stride, sums, x_sums_stride, n, yt,
                                                           y_stride);
      }
      if constexpr (CARAT_MATMUL_GROUPS > 1) {
        for (; g < end_group; ++g) {
          multiply_many_columns<Format, 1>(w, g, k, k_end, xt, x_stride, sums, x_sums_stride, n, yt, y_stride);
        }
      }
    }
  }
}

template <PackedFormat Format>
inline void matmul_format(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                          std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                          float* y, std::int64_t y_stride) {
  if (n_tokens <= kFewColumns) {
    matmul_few<Format>(w, first_group, end_group, x, x_stride, x_sums, x_sums_stride, n_tokens, y, y_stride);
  } else {
    matmul_many<Format>(w, first_group, end_group, x, x_stride, x_sums, x_sums_stride, n_tokens, y, y_stride);
  }
}

inline void matmul(const PackedView& w, std::int64_t first_group, std::int64_t end_group, const float* x,
                   std::int64_t x_stride, const float* x_sums, std::int64_t x_sums_stride, std::int64_t n_tokens,
                   float* y, std::int64_t y_stride) {
#define CARAT_CASE(format)                                                                                    \
  case PackedFormat::format:                                                                                  \
    return matmul_format<PackedFormat::format>(w, first_group, end_group, x, x_stride, x_sums, x_sums_stride, \
                                               n_tokens, y, y_stride)
  switch (w.format) {
    CARAT_CASE(kF32);
    CARAT_CASE(kF16);
    CARAT_CASE(kBF16);
    CARAT_CASE(kS4x32);
    CARAT_CASE(kU4x32);
    CARAT_CASE(kS6x32);
    CARAT_CASE(kU6x32);
    CARAT_CASE(kS8x32);
    CARAT_CASE(kS8x32F);
    CARAT_CASE(kU4x32K);
    CARAT_CASE(kU6x32K);
    CARAT_CASE(kS8x32K);
    CARAT_CASE(kS6x16K);
    CARAT_CASE(kS4x16K);
    CARAT_CASE(kU4x16K);
  }
#undef CARAT_CASE
}
