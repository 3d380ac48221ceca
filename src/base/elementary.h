#pragma once

namespace carat {

// Elementary functions in double that give the same bits on every machine: IEEE additions, multiplications and
// divisions only (no fused multiply-add, no C library), compiled with -ffp-contract=off, rounding to nearest.
// Polynomials are Taylor series: after range reduction they reach below an ulp within 19 terms.
// Bounds are in units in the last place of the result, against 64-bit-mantissa libm; pinned in elementary_test.cc.

/// e^x. Error: <= 1 ulp. Above 709.78 infinity, below -745.13 zero.
double exp_f64(double x);

/// Natural logarithm. Error: <= 1 ulp. log(0) = -infinity, log(x < 0) = NaN.
double log_f64(double x);

/// x^y with C's special cases (Annex F). Error: <= 1 ulp.
double pow_f64(double x, double y);

/// Hyperbolic tangent. Error: <= 3 ulp.
double tanh_f64(double x);

struct SinCos {
  double sin;
  double cos;
};

/// Both of one angle in radians, |x| <= 2^20 (positions up to 1,048,576 at frequency 1). Error: <= 1 ulp each.
/// Beyond that range NaN, so that a wrong angle is seen and not a quiet loss of digits.
SinCos sincos_f64(double x);
inline double sin_f64(double x) { return sincos_f64(x).sin; }
inline double cos_f64(double x) { return sincos_f64(x).cos; }

}  // namespace carat
