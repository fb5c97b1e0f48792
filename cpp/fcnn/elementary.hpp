// exp, expm1, log, log1p and the tail of the normal distribution on packs: accurate to
// about one unit in the last place at either dtype, without branches, with exact
// limits, NaN in gives NaN out. The logarithm's series has the coefficients of the
// book, 1 / (2 k + 1), carried far enough for the dtype; the exponential's is the
// polynomial of least error, which tools/expm1_coefficients.py prints; reductions are
// Cody and Waite's (Software Manual for the Elementary Functions, 1980).
#pragma once

#include <limits>

#include "fcnn/simd.hpp"

namespace fcnn {

template <class T>
struct ElementaryConstants;

// ln2_high has trailing zero bits, so that n ln2_high is exact for every exponent n.
// exp_high and exp_low lie beyond where e^x, times a number of its size, overflows and
// underflows; from exp_zero = -127 ln 2 (-1023 ln 2) down e^x is below the normal
// numbers. expm1_series is (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; atanh_series[k] = 2
// / (2 k + 3).
template <>
struct ElementaryConstants<float> {
  static constexpr float log2_e = 1.44269504f;
  static constexpr float ln2_high = 0.693359375f;
  static constexpr float ln2_low = -2.12194440e-4f;
  static constexpr float exp_high = 120.0f;
  static constexpr float exp_low = -120.0f;
  static constexpr float exp_zero = -88.0296919f;
  static constexpr float expm1_series[] = {0.5f, 0.166665770f, 0.0416665546f,
                                           0.00836317905f, 0.00139261836f};
  static constexpr float atanh_series[] = {2.0f / 3, 2.0f / 5, 2.0f / 7, 2.0f / 9,
                                           2.0f / 11};
};

template <>
struct ElementaryConstants<double> {
  static constexpr double log2_e = 1.4426950408889634;
  static constexpr double ln2_high = 0.693147180369123816490;
  static constexpr double ln2_low = 1.90821492927058770002e-10;
  static constexpr double exp_high = 800.0;
  static constexpr double exp_low = -800.0;
  static constexpr double exp_zero = -709.08956571282413;
  static constexpr double expm1_series[] = {
      0.50000000000000010,   0.16666666666666668,   0.041666666666624128,
      0.0083333333333330618, 0.0013888888917213717, 0.00019841269863053617,
      2.4801521295954375e-5, 2.7557268459997065e-6, 2.7620088445409748e-7,
      2.5100385495510319e-8};
  static constexpr double atanh_series[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,
                                            2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17,
                                            2.0 / 19, 2.0 / 21, 2.0 / 23};
};

// e^x = 2^n (1 + m), m = e^r - 1, |r| <= ln 2 / 2. Kept apart so that a factor can be
// multiplied in before the scaling by 2^n flushes a small result to zero.
template <class T>
struct ReducedExp {
  Pack<T> m;
  Pack<T> n;
  Pack<T> times(Pack<T> factor) const { return ldexp(fma(factor, m, factor), n); }
};

template <class T>
inline Pack<T> expm1_of_remainder(Pack<T> r) {
  return fma(r * r, polynomial(r, ElementaryConstants<T>::expm1_series), r);
}

// Of any x + x_low; far out as at exp_low and exp_high.
template <class T>
inline ReducedExp<T> reduced_exp(Pack<T> x, Pack<T> x_low = Pack<T>(T(0))) {
  using C = ElementaryConstants<T>;
  x = at_most(at_least(x, Pack<T>(C::exp_low)), Pack<T>(C::exp_high));
  const Pack<T> n = round(x * Pack<T>(C::log2_e));
  const Pack<T> r = fma(n, Pack<T>(-C::ln2_high), x);
  return {expm1_of_remainder(r + fma(n, Pack<T>(-C::ln2_low), x_low)), n};
}

// Of x <= 0; n is no lower than power_of_two takes it.
template <class T>
inline ReducedExp<T> reduced_exp_of_negative(Pack<T> x) {
  using C = ElementaryConstants<T>;
  x = at_least(x, Pack<T>(C::exp_zero));
  const Pack<T> n = round(x * Pack<T>(C::log2_e));
  const Pack<T> r = fma(n, Pack<T>(-C::ln2_high), x);
  return {expm1_of_remainder(fma(n, Pack<T>(-C::ln2_low), r)), n};
}

template <class T>
inline Pack<T> exp(Pack<T> x) {
  return reduced_exp(x).times(Pack<T>(T(1)));
}

// e^x for x <= 0: one multiplication by 2^n, which is zero where e^x is below the
// smallest normal number.
template <class T>
inline Pack<T> exp_of_negative(Pack<T> x) {
  const ReducedExp<T> e = reduced_exp_of_negative(x);
  // not 2^n + 2^n m, whose second term may be below the normal numbers
  return (Pack<T>(T(1)) + e.m) * power_of_two(e.n);
}

// e^x - 1 = 2^n m + (2^n - 1), for x <= 0.
template <class T>
inline Pack<T> expm1_of_negative(Pack<T> x) {
  const ReducedExp<T> e = reduced_exp_of_negative(x);
  const Pack<T> scale = power_of_two(e.n);
  return fma(scale, e.m, scale - Pack<T>(T(1)));
}

// f - s (f - R) = log(1 + f) with s = f / (2 + f), R = sum_k 2 s^(2k) / (2 k + 1), k >=
// 1; here as the correction s (f - R), so that f itself is added last (W. J. Cody's
// form).
template <class T>
inline Pack<T> log_correction(Pack<T> f, Pack<T> s) {
  const Pack<T> s2 = s * s;
  return s * (f - s2 * polynomial(s2, ElementaryConstants<T>::atanh_series));
}

// log x = n ln 2 + log m, m in [sqrt(1/2), sqrt(2)).
template <class T>
inline Pack<T> log(Pack<T> x) {
  using C = ElementaryConstants<T>;
  const Pack<T> zero(T(0)), one(T(1)), infinity(std::numeric_limits<T>::infinity());
  Pack<T> n;
  Pack<T> m = frexp(x, n);
  const Pack<T> small = m < Pack<T>(T(0.70710678118654752));
  m = select(small, m + m, m);
  n = select(small, n - one, n);
  const Pack<T> f = m - one;
  const Pack<T> s = f / (f + Pack<T>(T(2)));
  const Pack<T> low = fma(n, Pack<T>(-C::ln2_low), log_correction(f, s));
  const Pack<T> result = fma(n, Pack<T>(C::ln2_high), f - low);
  const Pack<T> at_ends = select(x == zero, -infinity, x);  // 0, inf and NaN
  const Pack<T> of_negative(std::numeric_limits<T>::quiet_NaN());
  const Pack<T> regular = (x > zero) & (x < infinity);
  return select(regular, result, select(x < zero, of_negative, at_ends));
}

// log(1 + t), 0 <= t <= 1: above sqrt(2) - 1 as ln 2 + log((1 + t) / 2).
template <class T>
inline Pack<T> log1p_of_fraction(Pack<T> t) {
  using C = ElementaryConstants<T>;
  const Pack<T> zero(T(0)), one(T(1)), two(T(2));
  const Pack<T> large = t > Pack<T>(T(0.41421356237309505));
  const Pack<T> f = select(large, (t - one) * Pack<T>(T(0.5)), t);
  const Pack<T> s = f / (f + two);
  const Pack<T> n = select(large, one, zero);
  const Pack<T> low = fma(n, Pack<T>(-C::ln2_low), log_correction(f, s));
  return fma(n, Pack<T>(C::ln2_high), f - low);
}

}  // namespace fcnn
