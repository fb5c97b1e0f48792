// The activations: a = sigma(z), sigma'(z) and sigma''(z), one struct each, and their
// one list.
//
// To add one: a struct with a name, value(z), derivative(z, a) and second_derivative(z,
// a), its place in `ElementwiseActivations` at the end, and its twin in
// tests/reference.py.
//
// Formulas, constants and derivatives at kinks are PyTorch's, the thresholds and
// overflows of its implementation are not. Values are within 4 units in the last place
// of the mathematical function for all finite z, with exact limits at +-inf; NaN in
// gives NaN out. The derivatives take a = value(z) where that makes them cheap; their
// error is a few units of the largest derivative: docs/ulps.md has all of them. At a
// kink sigma'' is 0.
#pragma once

#include "fcnn/elementary.hpp"
#include "fcnn/gaussian_tail.hpp"

namespace fcnn {

// What a struct may override: its one parameter, written name(0.2); whether only the
// last layer may have it; the initializer that `auto` means.
struct ActivationDefaults {
  static constexpr bool has_parameter = false;
  static constexpr double parameter = 0;
  static constexpr bool output_only = false;
  static constexpr const char* initializer = "glorot_uniform";
};

// Initializer of the rectifier family (He et al., Delving Deep into Rectifiers, 2015).
struct RectifierDefaults : ActivationDefaults {
  static constexpr const char* initializer = "he_normal";
};

struct Identity : ActivationDefaults {
  static constexpr const char* name = "identity";
  // a = z
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    return z;
  }
  template <class T>
  static Pack<T> derivative(Pack<T>, Pack<T>, T) {
    return T(1);
  }
  // 0
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(0);
  }
};

// s = 1 / (1 + e^-z) and 1 - s, both to the last places, from t = e^-|z|.
template <class T>
struct SigmoidPair {
  Pack<T> s, rest;
  SigmoidPair(Pack<T> z, Pack<T> t) {
    const Pack<T> one(T(1)), small = t / (one + t), large = one / (one + t);
    const Pack<T> negative = z < Pack<T>(T(0));
    s = select(negative, small, large);
    rest = select(negative, large, small);
  }
  explicit SigmoidPair(Pack<T> z) : SigmoidPair(z, exp_of_negative(-abs(z))) {}
};

struct Sigmoid : ActivationDefaults {
  static constexpr const char* name = "sigmoid";
  // a = 1 / (1 + e^-z), for z < 0 as e^z / (1 + e^z)
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> one(T(1)), t = exp_of_negative(-abs(z));
    return select(z < Pack<T>(T(0)), t, one) / (one + t);
  }
  // a (1 - a)
  template <class T>
  static Pack<T> derivative(Pack<T>, Pack<T> a, T) {
    return a * (Pack<T>(T(1)) - a);
  }
  // a (1 - a) (1 - 2 a)
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T> a, T) {
    const Pack<T> rest = Pack<T>(T(1)) - a;
    return a * rest * (rest - a);
  }
};

struct Tanh : ActivationDefaults {
  static constexpr const char* name = "tanh";
  // |a| = -m / (m + 2) with m = e^(-2 |z|) - 1
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> m = expm1_of_negative(Pack<T>(T(-2)) * abs(z));
    return copysign(m / (m + Pack<T>(T(2))), z);
  }
  // 1 - a^2
  template <class T>
  static Pack<T> derivative(Pack<T>, Pack<T> a, T) {
    const Pack<T> one(T(1));
    return (one - a) * (one + a);
  }
  // -2 a (1 - a^2)
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T> a, T) {
    const Pack<T> one(T(1));
    return Pack<T>(T(-2)) * a * ((one - a) * (one + a));
  }
};

struct Relu : RectifierDefaults {
  static constexpr const char* name = "relu";
  // a = max(z, 0)
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> zero(T(0));
    return select(z <= zero, zero, z);
  }
  // 1 for z > 0, else 0
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    return (z > Pack<T>(T(0))) & Pack<T>(T(1));
  }
  // 0
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(0);
  }
};

struct LeakyRelu : RectifierDefaults {
  static constexpr const char* name = "leaky_relu";
  static constexpr bool has_parameter = true;
  static constexpr double parameter = 0.01;
  // a = z for z > 0, else slope z
  template <class T>
  static Pack<T> value(Pack<T> z, T slope) {
    return select(z > Pack<T>(T(0)), z, Pack<T>(slope) * z);
  }
  // 1 for z > 0, else slope
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T slope) {
    return select(z > Pack<T>(T(0)), Pack<T>(T(1)), Pack<T>(slope));
  }
  // 0
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(0);
  }
};

// Clevert, Unterthiner, Hochreiter, Fast and Accurate Deep Network Learning by
// Exponential Linear Units, 2016.
struct Elu : RectifierDefaults {
  static constexpr const char* name = "elu";
  static constexpr bool has_parameter = true;
  static constexpr double parameter = 1;
  // a = z for z > 0, else alpha (e^z - 1)
  template <class T>
  static Pack<T> value(Pack<T> z, T alpha) {
    const Pack<T> zero(T(0));
    return select(z > zero, z, Pack<T>(alpha) * expm1_of_negative(at_most(z, zero)));
  }
  // 1 for z > 0, else alpha e^z = a + alpha
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T> a, T alpha) {
    return select(z > Pack<T>(T(0)), Pack<T>(T(1)), a + Pack<T>(alpha));
  }
  // alpha e^z = a + alpha for z < 0, else 0
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T> a, T alpha) {
    return (z < Pack<T>(T(0))) & (a + Pack<T>(alpha));
  }
};

// Klambauer et al., Self-Normalizing Neural Networks, 2017.
struct Selu : ActivationDefaults {
  static constexpr const char* name = "selu";
  static constexpr const char* initializer = "lecun_normal";
  static constexpr double scale = 1.0507009873554804934193349852946;
  static constexpr double alpha = 1.6732632423543772848170429916717;
  // a = scale z for z > 0, else scale alpha (e^z - 1)
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> zero(T(0));
    return select(z > zero, Pack<T>(T(scale)) * z,
                  Pack<T>(T(scale * alpha)) * expm1_of_negative(at_most(z, zero)));
  }
  // scale for z > 0, else scale alpha e^z = a + scale alpha
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T> a, T) {
    return select(z > Pack<T>(T(0)), Pack<T>(T(scale)), a + Pack<T>(T(scale * alpha)));
  }
  // scale alpha e^z = a + scale alpha for z < 0, else 0
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T> a, T) {
    return (z < Pack<T>(T(0))) & (a + Pack<T>(T(scale * alpha)));
  }
};

struct Softplus : RectifierDefaults {
  static constexpr const char* name = "softplus";
  // a = log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
  template <class T>
  static Pack<T> value(Pack<T> z, T = 0) {
    return at_least(z, Pack<T>(T(0))) + log1p_of_fraction(exp_of_negative(-abs(z)));
  }
  // 1 / (1 + e^-z)
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    return Sigmoid::value(z, T(0));
  }
  // s (1 - s), s = 1 / (1 + e^-z)
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T>, T) {
    const SigmoidPair<T> sigmoid(z);
    return sigmoid.s * sigmoid.rest;
  }
};

struct Softsign : ActivationDefaults {
  static constexpr const char* name = "softsign";
  // a = z / (1 + |z|); the largest finite number stands in for infinity
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> m = at_most(abs(z), Pack<T>(std::numeric_limits<T>::max()));
    return copysign(m / (Pack<T>(T(1)) + m), z);
  }
  // 1 / (1 + |z|)^2
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    const Pack<T> one(T(1)), r = one / (one + abs(z));
    return r * r;
  }
  // -2 sign(z) / (1 + |z|)^3, sign(0) = 0
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T>, T) {
    const Pack<T> zero(T(0)), one(T(1)), r = one / (one + abs(z));
    return select(z == zero, zero, copysign(Pack<T>(T(2)) * r * r * r, -z));
  }
};

// Hendrycks, Gimpel, Gaussian Error Linear Units, 2016.
struct Gelu : RectifierDefaults {
  static constexpr const char* name = "gelu";
  static constexpr double inverse_sqrt_2_pi = 0.39894228040143267794;
  // a = z Phi(z), Phi(z) = Q(-z): the normal distribution function; for z < 0, where it
  // becomes small, z goes into Q before that is scaled by a power of two
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const GaussianTail<T> tail(z);
    const Pack<T> one(T(1)), negative = z < Pack<T>(T(0));
    const Pack<T> x = at_least(z, Pack<T>(-GaussianTailConstants<T>::x_max));
    const Pack<T> q = tail.e.times(select(negative, tail.r * x, tail.r));
    return select(negative, q, z * (one - q));
  }
  // Phi(z) + z phi(z), phi(z) = e^(-z^2 / 2) / sqrt(2 pi)
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    const GaussianTail<T> tail(z);
    const Pack<T> zero(T(0)), one(T(1)), x_max(GaussianTailConstants<T>::x_max);
    const Pack<T> x = at_most(at_least(z, -x_max), x_max);
    const Pack<T> q = tail.e.times(tail.r);
    const Pack<T> phi = tail.e.times(Pack<T>(T(inverse_sqrt_2_pi)));
    return fma(x, phi, select(z < zero, q, one - q));
  }
  // phi(z) (2 - z^2)
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T>, T) {
    const GaussianTail<T> tail(z);
    const Pack<T> x_max(GaussianTailConstants<T>::x_max);
    const Pack<T> x = at_most(at_least(z, -x_max), x_max);
    return tail.e.times(Pack<T>(T(inverse_sqrt_2_pi))) * fma(-x, x, Pack<T>(T(2)));
  }
};

struct GeluTanh : RectifierDefaults {
  static constexpr const char* name = "gelu_tanh";
  static constexpr double c1 = 1.5957691216057307117597842397375;  // 2 sqrt(2 / pi)
  static constexpr double c3 = c1 * 0.044715;
  // a = z (1 + tanh u) / 2 = z / (1 + e^-v), v = 2 u = c1 z + c3 z^3. For z < 0 it is
  // z e^v / (1 + e^v), and v is needed to more than one number's precision.
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> zero(T(0)), one(T(1)), low(limit<T>()), high(-limit<T>());
    const Pack<T> x = at_least(z, low);
    const ReducedExp<T> e = exp_of_minus_v(at_most(abs(z), high));
    const Pack<T> denominator = one + e.times(one);
    return select(z < zero, e.times(x / denominator), x / denominator);
  }
  // s (1 + z (1 - s) v'), s = 1 / (1 + e^-v)
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    const Pack<T> one(T(1)), low(limit<T>()), high(-limit<T>());
    const Pack<T> x = at_most(at_least(z, low), high);
    const Pack<T> x2 = x * x;
    const Pack<T> v = x * fma(Pack<T>(T(c3)), x2, Pack<T>(T(c1)));
    const SigmoidPair<T> sigmoid(v);
    const Pack<T> slope = fma(Pack<T>(T(3 * c3)), x2, Pack<T>(T(c1)));
    return sigmoid.s * fma(x * slope, sigmoid.rest, one);
  }
  // s (1 - s) (2 v' + z ((1 - 2 s) v'^2 + v''))
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T>, T) {
    const Pack<T> two(T(2)), low(limit<T>()), high(-limit<T>());
    const Pack<T> x = at_most(at_least(z, low), high);
    const Pack<T> x2 = x * x;
    const Pack<T> v = x * fma(Pack<T>(T(c3)), x2, Pack<T>(T(c1)));
    const SigmoidPair<T> sigmoid(v);
    const Pack<T> slope = fma(Pack<T>(T(3 * c3)), x2, Pack<T>(T(c1)));
    const Pack<T> curvature = Pack<T>(T(6 * c3)) * x;
    const Pack<T> bend = fma((sigmoid.rest - sigmoid.s) * slope, slope, curvature);
    return sigmoid.s * sigmoid.rest * fma(x, bend, two * slope);
  }

 private:
  // Below it a is smaller than the smallest normal number.
  template <class T>
  static constexpr T limit() {
    return sizeof(T) == 4 ? T(-11) : T(-23);
  }
  template <class T>
  static ReducedExp<T> exp_of_minus_v(Pack<T> x) {
    constexpr T c1_low = T(c1 - double(T(c1)) + c1_rest);
    constexpr T c3_low = T(c3 - double(T(c3)) + c3_rest);
    const ExactProduct<T> square(x, x);
    const ExactProduct<T> cubic(Pack<T>(T(c3)), square.high);
    // w + w_low = c1 + c3 x^2; the rounding of the sum by Knuth's two-sum
    const Pack<T> linear = T(c1), w = linear + cubic.high, part = w - linear;
    const Pack<T> rounding = (linear - (w - part)) + (cubic.high - part);
    const Pack<T> w_low =
        rounding + (fma(Pack<T>(c3_low), square.high, Pack<T>(c1_low)) +
                    fma(Pack<T>(T(c3)), square.low, cubic.low));
    const ExactProduct<T> v(x, w);
    return reduced_exp(-v.high, -fma(x, w_low, v.low));
  }
  // What a double leaves out of the exact constants.
  static constexpr double c1_rest = -9.96930880911092e-17;
  static constexpr double c3_rest = -6.17514991815532e-19;
};

// Swish. Elfwing, Uchibe, Doya, Sigmoid-Weighted Linear Units, 2017.
struct Silu : RectifierDefaults {
  static constexpr const char* name = "silu";
  // a = z / (1 + e^-z), for z < 0 as z e^z / (1 + e^z)
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> one(T(1)), x = at_least(z, low<T>());
    const ReducedExp<T> e = reduced_exp(-abs(z));
    const Pack<T> quotient = x / (one + e.times(one));
    return select(z < Pack<T>(T(0)), e.times(quotient), quotient);
  }
  // s (1 + z (1 - s)), s = 1 / (1 + e^-z)
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    const SigmoidPair<T> sigmoid(z);
    const Pack<T> x = at_most(at_least(z, low<T>()), -low<T>());
    return sigmoid.s * fma(x, sigmoid.rest, Pack<T>(T(1)));
  }
  // s (1 - s) (2 + z (1 - 2 s))
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T>, T) {
    const SigmoidPair<T> sigmoid(z);
    const Pack<T> x = at_most(at_least(z, low<T>()), -low<T>());
    const Pack<T> bend = fma(x, sigmoid.rest - sigmoid.s, Pack<T>(T(2)));
    return sigmoid.s * sigmoid.rest * bend;
  }

 private:
  template <class T>
  static Pack<T> low() {
    return ElementaryConstants<T>::exp_low;
  }
};

// Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
struct Mish : RectifierDefaults {
  static constexpr const char* name = "mish";
  // a = z tanh(log(1 + e^z)); with t = e^-|z|
  //   tanh(...) = t / (1 + t (1 + t) / (2 + t))        for z < 0
  //             = 1 / (1 + t 2 t / (1 + 2 t))          for z >= 0
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    const Pack<T> one(T(1)), two(T(2));
    const Pack<T> x = at_least(z, Pack<T>(ElementaryConstants<T>::exp_low));
    const ReducedExp<T> e = reduced_exp(-abs(z));
    const Pack<T> t = e.times(one), negative = z < Pack<T>(T(0));
    const Pack<T> ratio =
        select(negative, one + t, t + t) / select(negative, two + t, fma(two, t, one));
    const Pack<T> quotient = x / fma(t, ratio, one);
    return select(negative, e.times(quotient), quotient);
  }
  // h + z (1 - h^2) s, h = tanh(log(1 + e^z)), s = 1 / (1 + e^-z)
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    const Parts<T> p(z);
    return fma(p.x * p.sigmoid.s, p.rest * (Pack<T>(T(1)) + p.h), p.h);
  }
  // (1 - h^2) s (2 + z (1 - s - 2 h s))
  template <class T>
  static Pack<T> second_derivative(Pack<T> z, Pack<T>, T) {
    const Parts<T> p(z);
    const Pack<T> one(T(1)), two(T(2));
    const Pack<T> bend = fma(-two * p.h, p.sigmoid.s, p.sigmoid.rest);
    return p.rest * (one + p.h) * p.sigmoid.s * fma(p.x, bend, two);
  }

 private:
  // z within the range of e^z; h, 1 - h and s of both derivatives.
  template <class T>
  struct Parts {
    Pack<T> x, t;
    SigmoidPair<T> sigmoid;
    Pack<T> h, rest;
    explicit Parts(Pack<T> z)
        : x(at_most(at_least(z, Pack<T>(ElementaryConstants<T>::exp_low)),
                    Pack<T>(-ElementaryConstants<T>::exp_low))),
          t(exp_of_negative(-abs(z))),
          sigmoid(z, t) {
      const Pack<T> one(T(1)), two(T(2)), p = fma(two, t, one), q = t * (t + two);
      const Pack<T> negative = z < Pack<T>(T(0));
      const Pack<T> denominator = select(negative, q + two, fma(two * t, t, p));
      h = select(negative, q, p) / denominator;
      rest = select(negative, two, two * t * t) / denominator;
    }
  };
};

struct HardSigmoid : ActivationDefaults {
  static constexpr const char* name = "hard_sigmoid";
  static constexpr bool has_parameter = true;
  static constexpr double parameter = 1.0 / 6;
  // a = slope z + 1/2 cut to [0, 1], as slope (z + h), h = 1 / (2 slope)
  template <class T>
  static Pack<T> value(Pack<T> z, T slope) {
    const Pack<T> line = Pack<T>(slope) * (z + Pack<T>(T(0.5) / slope));
    return at_most(at_least(line, Pack<T>(T(0))), Pack<T>(T(1)));
  }
  // slope for |z| < h, else 0
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T slope) {
    return (abs(z) < Pack<T>(T(0.5) / slope)) & Pack<T>(slope);
  }
  // 0
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(0);
  }
};

struct HardTanh : ActivationDefaults {
  static constexpr const char* name = "hard_tanh";
  // a = z cut to [-1, 1]
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    return at_most(at_least(z, Pack<T>(T(-1))), Pack<T>(T(1)));
  }
  // 1 for |z| < 1, else 0
  template <class T>
  static Pack<T> derivative(Pack<T> z, Pack<T>, T) {
    return (abs(z) < Pack<T>(T(1))) & Pack<T>(T(1));
  }
  // 0
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(0);
  }
};

struct Exp : ActivationDefaults {
  static constexpr const char* name = "exp";
  static constexpr bool output_only = true;
  // a = e^z
  template <class T>
  static Pack<T> value(Pack<T> z, T) {
    return exp(z);
  }
  template <class T>
  static Pack<T> derivative(Pack<T>, Pack<T> a, T) {
    return a;
  }
  // a
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T> a, T) {
    return a;
  }
};

// The one output whose values depend on each other: see softmax.hpp.
struct Softmax : ActivationDefaults {
  static constexpr const char* name = "softmax";
  static constexpr bool output_only = true;
};

template <class... Ts>
struct TypeList {};

using ElementwiseActivations =
    TypeList<Identity, Sigmoid, Tanh, Relu, LeakyRelu, Elu, Selu, Softplus, Softsign,
             Gelu, GeluTanh, Silu, Mish, HardSigmoid, HardTanh, Exp>;

}  // namespace fcnn
