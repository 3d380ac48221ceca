// What is built from F and I alike on every ISA. Included inside an ISA namespace after its vec_*.h, which provides:
//
//   F: load, store, load_partial, store_partial, set1, add, sub, mul, div, fma, max, min, less, select,
//      load_i8, load_u8, load_bf16, load_f16
//   I: load_i, set1_i, and_i, or_i, xor_i, add_i, sub_i, max_i, shift_left<N>, shift_right<N>, shift_right_signed<N>,
//      reduce_max_i, reduce_add_i, store_i8 (lanes that fit)
//   to_float, round_to_int (nearest even), bits_to_float, float_to_bits
//   times_power_of_2: a * 2^n, rounded once
//   reduce_add, reduce_max: of the 16 lanes as a fixed tree, lane i with lane i + 8, then + 4, + 2, + 1
//
// F is always 16 lanes of f32, so every sum has the same shape on every ISA (docs/arithmetic.md 2).

inline F zero() { return set1(0.0f); }

inline F abs(F a) { return bits_to_float(and_i(float_to_bits(a), set1_i(0x7FFFFFFF))); }
inline F sign_of(F a) { return bits_to_float(and_i(float_to_bits(a), set1_i(static_cast<std::int32_t>(0x80000000u)))); }
inline F or_bits(F a, F b) { return bits_to_float(or_i(float_to_bits(a), float_to_bits(b))); }
