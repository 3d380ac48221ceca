// A few columns (generation, small batches): weights are unpacked on the way into registers and every sum stays in one.
// Limited by reading the weights. Included by targets/*.cc inside the ISA namespace.

template <PackedFormat Format, int C>
inline void multiply_few_columns(const PackedView& w, std::int64_t index, const float* x, std::int64_t x_stride,
                                 const float* x_sums, std::int64_t x_sums_stride, float* y, std::int64_t y_stride) {
  const GroupReader<Format> reader(w, index);
  F acc[C];
  for (int c = 0; c < C; ++c) acc[c] = zero();
  for (std::int64_t k = 0; k < w.cols_padded; k += 32) {
    F s0[C], s1[C];
    for (int c = 0; c < C; ++c) s0[c] = s1[c] = zero();
    for_each_weight<Format>(
        reader, k,
        [&](int i, F weight) {
          for (int c = 0; c < C; ++c) s0[c] = fma(weight, set1(x[c * x_stride + k + i]), s0[c]);
        },
        [&](int i, F weight) {
          for (int c = 0; c < C; ++c) s1[c] = fma(weight, set1(x[c * x_stride + k + 16 + i]), s1[c]);
        });
    Factors factors;
    read_factors(reader, k, factors);
    for (int c = 0; c < C; ++c) {
      acc[c] = add_block<fold_of(Format)>(acc[c], s0[c], s1[c], factors, x_sums + c * x_sums_stride + k / 16);
    }
  }
  for (int c = 0; c < C; ++c) store_group(w, index, acc[c], y + c * y_stride);
}
