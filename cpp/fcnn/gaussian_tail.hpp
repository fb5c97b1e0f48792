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

// (1 + x) R(x) as a polynomial in t = (x - k) / (x + k), 0 <= x <= x_max, beyond which
// Q is below the smallest normal number. tools/gaussian_tail_coefficients.py prints
// these.
template <class T>
struct GaussianTailConstants;

template <>
struct GaussianTailConstants<float> {
  static constexpr float k = 4.0f, x_max = 14.5f;
  static constexpr float series[] = {0.472053206f,    -0.0967034679f,   0.0139996304f,
                                     0.0286000275f,   -0.0321977281f,   0.0179395481f,
                                     -0.00500252108f, -0.000300497001f, 0.000691233524f,
                                     -6.57207547e-5f, -7.39324634e-5f};
};

template <>
struct GaussianTailConstants<double> {
  static constexpr double k = 5.0, x_max = 39.0;
  static constexpr double series[] = {
      0.46151582985003777,    -0.091552281834008813,  0.031030368425963229,
      0.010002352385205081,   -0.026401042966294958,  0.024536963244459763,
      -0.015170415402485998,  0.0065220006562448458,  -0.0016760723488506492,
      7.7916912001437581e-6,  0.00018233420251531397, -5.3608038145015821e-5,
      -9.8964688962813401e-6, 9.0612057953971219e-6,  -6.8956834512062498e-8,
      -1.3100089700228853e-6, 1.2471420099248940e-7,  1.9896232929933336e-7,
      -2.1958115388923181e-8, -3.2085754970955957e-8, 3.5281572897395849e-10,
      4.0376458134958437e-9,  7.7194626715840142e-10};
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
    const Pack<T> k(C::k), one(T(1)), minus_half(T(-0.5));
    r = polynomial((x - k) / (x + k), C::series) / (one + x);
    const ExactProduct<T> square(x, x);
    e = reduced_exp(square.high * minus_half, square.low * minus_half);
  }
};

}  // namespace fcnn
