// The losses: C of one sample, dC/da and d2C/da2, one struct each, and their one list.
//
// A loss is a term per output, summed over the outputs and, where `mean`, divided by
// their number K. With its natural output the pair's delta is a - y and C comes from z,
// exact and finite; with any other output dC/da goes through sigma'. Denominators are
// bounded by 1e-12 and log a by -100, as in PyTorch's binary_cross_entropy.
// second_derivative is that of derivative as it is written, bounds included; 0 at
// kinks.
//
// To add one: a struct, its place in `LossList`, its twin in tests/reference.py.
#pragma once

#include <limits>

#include "fcnn/activations.hpp"

namespace fcnn {

// What label smoothing moves targets towards: 1 / K of a distribution over K outputs,
// 1/2 for independent ones; not for values.
enum class Smoothed { no, distribution, independent };

struct LossDefaults {
  static constexpr Smoothed smoothed = Smoothed::no;
  static constexpr bool mean = true;  // the factor is 1 / K, else 1
  static constexpr bool has_parameter = false;
  static constexpr double parameter = 0;
  // The output whose delta is a - y, and the outputs allowed ("" : any).
  static constexpr const char* natural_output = "";
  static constexpr const char* outputs = "";
  // Whether `loss=None` means this loss for its natural output.
  static constexpr bool is_natural_loss = false;
  static constexpr double target_low = -std::numeric_limits<double>::infinity();
  static constexpr double target_high = std::numeric_limits<double>::infinity();
};

template <class T>
inline Pack<T> bounded_log(Pack<T> a) {
  return at_least(log(a), Pack<T>(T(-100)));
}

template <class T>
inline Pack<T> bounded_below(Pack<T> denominator) {
  return at_least(denominator, Pack<T>(T(1e-12)));
}

// -d(1 / a)/da = 1 / a^2, of the bounded denominator: 0 below the bound.
template <class T>
inline Pack<T> bounded_square_of_inverse(Pack<T> a) {
  const Pack<T> r = Pack<T>(T(1)) / bounded_below(a);
  return (a >= Pack<T>(T(1e-12))) & (r * r);
}

// Nielsen, Neural Networks and Deep Learning, chapter 1.
struct Quadratic : LossDefaults {
  static constexpr const char* name = "quadratic";
  static constexpr bool mean = false;
  // 1/2 (a - y)^2
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    return Pack<T>(T(0.5)) * (a - y) * (a - y);
  }
  // a - y
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T) {
    return a - y;
  }
  // 1
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(1);
  }
};

struct Mse : LossDefaults {
  static constexpr const char* name = "mse";
  // (a - y)^2
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    return (a - y) * (a - y);
  }
  // 2 (a - y)
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T) {
    return Pack<T>(T(2)) * (a - y);
  }
  // 2
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(2);
  }
};

struct Mae : LossDefaults {
  static constexpr const char* name = "mae";
  // |a - y|
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    return abs(a - y);
  }
  // sign(a - y), sign(0) = 0
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T) {
    const Pack<T> d = a - y;
    const Pack<T> zero(T(0)), one(T(1));
    return select(d > zero, one, select(d < zero, -one, d));
  }
  // 0
  template <class T>
  static Pack<T> second_derivative(Pack<T>, Pack<T>, T) {
    return T(0);
  }
};

// Huber, Robust Estimation of a Location Parameter, 1964.
struct Huber : LossDefaults {
  static constexpr const char* name = "huber";
  static constexpr bool has_parameter = true;
  static constexpr double parameter = 1;
  // 1/2 d^2 for |d| < delta, else delta (|d| - delta / 2), d = a - y
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T delta) {
    const Pack<T> d = abs(a - y), bound(delta), half(T(0.5));
    return select(d < bound, half * d * d, bound * (d - half * bound));
  }
  // d cut to [-delta, delta]
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T delta) {
    return at_most(at_least(a - y, Pack<T>(-delta)), Pack<T>(delta));
  }
  // 1 for |d| < delta, else 0
  template <class T>
  static Pack<T> second_derivative(Pack<T> a, Pack<T> y, T delta) {
    return (abs(a - y) < Pack<T>(delta)) & Pack<T>(T(1));
  }
};

struct Poisson : LossDefaults {
  static constexpr const char* name = "poisson";
  static constexpr const char* natural_output = "exp";
  static constexpr const char* outputs =
      "exp, softplus, relu, sigmoid, hard_sigmoid, softmax";
  static constexpr bool is_natural_loss = true;
  static constexpr double target_low = 0;
  // a - y log a
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    return a - y * bounded_log(a);
  }
  // 1 - y / a
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T) {
    return Pack<T>(T(1)) - y / bounded_below(a);
  }
  // y / a^2
  template <class T>
  static Pack<T> second_derivative(Pack<T> a, Pack<T> y, T) {
    return y * bounded_square_of_inverse(a);
  }
  // a - y z, with a = e^z
  template <class T>
  static Pack<T> natural_term(Pack<T> z, Pack<T> a, Pack<T> y) {
    return a - y * z;
  }
};

// Half the Poisson deviance, 0 where a = y; scikit-learn's "poisson". Derivatives are
// those of Poisson.
struct PoissonDeviance : Poisson {
  static constexpr const char* name = "poisson_deviance";
  static constexpr bool mean = false;
  static constexpr bool is_natural_loss = false;
  // y log(y / a) - y + a, with 0 log 0 = 0
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    return fma(y, bounded_log(y) - bounded_log(a), a - y);
  }
  // y (log y - z) - y + a, with a = e^z
  template <class T>
  static Pack<T> natural_term(Pack<T> z, Pack<T> a, Pack<T> y) {
    return fma(y, bounded_log(y) - z, a - y);
  }
};

// With softmax: see natural_cross_entropy in loss_table.cpp.
struct CrossEntropy : LossDefaults {
  static constexpr const char* name = "cross_entropy";
  static constexpr Smoothed smoothed = Smoothed::distribution;
  static constexpr bool mean = false;
  static constexpr const char* natural_output = "softmax";
  static constexpr const char* outputs = "softmax, sigmoid, hard_sigmoid";
  static constexpr bool is_natural_loss = true;
  static constexpr double target_low = 0, target_high = 1;
  // -y log a
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    return -y * bounded_log(a);
  }
  // -y / a
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T) {
    return -y / bounded_below(a);
  }
  // y / a^2
  template <class T>
  static Pack<T> second_derivative(Pack<T> a, Pack<T> y, T) {
    return y * bounded_square_of_inverse(a);
  }
};

struct BinaryCrossEntropy : LossDefaults {
  static constexpr const char* name = "binary_cross_entropy";
  static constexpr Smoothed smoothed = Smoothed::independent;
  static constexpr const char* natural_output = "sigmoid";
  static constexpr const char* outputs = "sigmoid, hard_sigmoid, softmax";
  static constexpr bool is_natural_loss = true;
  static constexpr double target_low = 0, target_high = 1;
  // -(y log a + (1 - y) log(1 - a))
  template <class T>
  static Pack<T> term(Pack<T> a, Pack<T> y, T) {
    const Pack<T> one(T(1));
    return -(y * bounded_log(a) + (one - y) * bounded_log(one - a));
  }
  // (a - y) / (a (1 - a))
  template <class T>
  static Pack<T> derivative(Pack<T> a, Pack<T> y, T) {
    return (a - y) / bounded_below(a * (Pack<T>(T(1)) - a));
  }
  // y / a^2 + (1 - y) / (1 - a)^2; 1e12 where the denominator is bounded
  template <class T>
  static Pack<T> second_derivative(Pack<T> a, Pack<T> y, T) {
    const Pack<T> one(T(1)), r = one / a, q = one / (one - a);
    const Pack<T> least(T(1e-12)), bounded(T(1e12));
    return select(a * (one - a) < least, bounded, y * r * r + (one - y) * q * q);
  }
  // log(1 + e^z) - y z = max(z, 0) - y z + log(1 + e^-|z|)
  template <class T>
  static Pack<T> natural_term(Pack<T> z, Pack<T>, Pack<T> y) {
    return (at_least(z, Pack<T>(T(0))) - y * z) +
           log1p_of_fraction(exp_of_negative(-abs(z)));
  }
};

// The same, summed over the outputs: the book's cross-entropy.
struct Logistic : BinaryCrossEntropy {
  static constexpr const char* name = "logistic";
  static constexpr bool mean = false;
  static constexpr bool is_natural_loss = false;
};

using LossList = TypeList<Quadratic, Mse, Mae, Huber, Poisson, PoissonDeviance,
                          CrossEntropy, BinaryCrossEntropy, Logistic>;

}  // namespace fcnn
