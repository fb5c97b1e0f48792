// The upper tail of the standard normal distribution, for gelu:
// Q(x) = erfc(x / sqrt(2)) / 2 = e^(-x^2 / 2) R(x), x >= 0.
#pragma once

#include "fcnn/elementary.hpp"

namespace fcnn {

// a b = high + low exactly (Dekker, A floating-point technique for extending the
// available precision, Numerische Mathematik 18, 1971): the same with and without FMA.
template <class T>
struct ExactProduct {
  Pack<T> high, low;
  ExactProduct(Pack<T> a, Pack<T> b) {
    const Pack<T> a1 = upper_half(a), a0 = a - a1;
    const Pack<T> b1 = upper_half(b), b0 = b - b1;
    high = a * b;
    low = ((a1 * b1 - high) + (a1 * b0 + a0 * b1)) + a0 * b0;
  }

 private:
  static Pack<T> upper_half(Pack<T> x) {
    constexpr int bits = (std::numeric_limits<T>::digits + 1) / 2;
    const Pack<T> c = x * Pack<T>(T((1 << bits) + 1));
    return c - (c - x);
  }
};

// (c + x) R(x) as a polynomial in t = (x - k) / (x + k), 0 <= x <= x_max, beyond which
// Q is below the smallest normal number. With c = 11/8 it is almost flat at x = 0,
// where t is least exact. tools/gaussian_tail_coefficients.py prints these.
template <class T>
struct GaussianTailConstants;

template <>
struct GaussianTailConstants<float> {
  static constexpr float c = 1.375f, k = 4.0f, x_max = 14.5f;
  static constexpr float series[] = {0.507457197f,    -0.160602617f,   0.0606418494f,
                                     0.00170986065f,  -0.0206233503f,  0.0147539461f,
                                     -0.00481321539f, -5.71479246e-5f, 0.000625998766f,
                                     -8.68333805e-5f, -7.12716117e-5f};
};

template <>
struct GaussianTailConstants<double> {
  static constexpr double c = 1.375, k = 5.0, x_max = 39.0;
  static constexpr double series[] = {
      0.49036056921566514,    -0.14534886505801330,   0.074556172883214465,
      -0.020329101588842697,  -0.0084552858597312383, 0.015756750561575082,
      -0.011798651446013888,  0.0056299340224867156,  -0.0015937408222520949,
      5.8145507472611208e-5,  0.00015967389652857368, -5.3247548406788007e-5,
      -7.4048111489385212e-6, 8.5849273293787706e-6,  -3.2211092152631572e-7,
      -1.2187533198427318e-6, 1.5362921674503025e-7,  1.8427289159065199e-7,
      -2.6081624879784029e-8, -2.9950861785646904e-8, 1.0381522357039037e-9,
      3.8234648061126301e-9,  6.8469117758654501e-10};
};

// R(x) and e^(-x^2 / 2) of |x|, which is cut off at x_max.
template <class T>
struct GaussianTail {
  Pack<T> r;
  ReducedExp<T> e;
  explicit GaussianTail(Pack<T> x)
      : GaussianTail(at_most(abs(x), Pack<T>(GaussianTailConstants<T>::x_max)), 0) {}

 private:
  GaussianTail(Pack<T> x, int) {
    using C = GaussianTailConstants<T>;
    const Pack<T> c(C::c), k(C::k), minus_half(T(-0.5)), d = c + x;
    r = polynomial((x - k) / (x + k), C::series) / d;
    // c + x = d + d_low exactly, as c has few digits; 1 / (d + d_low) =
    // e^(-d_low / d) / d, where 1 / d is about 1.85 r
    const Pack<T> d_low = x - (d - c);
    const ExactProduct<T> square(x, x);
    e = reduced_exp(square.high * minus_half,
                    fma(d_low * Pack<T>(T(-1.85)), r, square.low * minus_half));
  }
};

}  // namespace fcnn
