// The schedules: the learning rate of the optimizer's step t = 0, 1, 2, ..., one struct
// each, and their one list. Values are PyTorch's (torch.optim.lr_scheduler) where it
// has the schedule, without libm, to within 1e-14 of lr (gamma^t: to t units in the
// last place). Of correctly rounded operations alone, the same on every platform, but
// for powers that are not whole, whose last places depend on the CPU level.
//
// To add one: a struct, its place in `ScheduleList`, its twin in tests/reference.py and
// its class in python/fcnn/schedules.py.
#pragma once

#include <algorithm>
#include <cmath>

#include "fcnn/elementary.hpp"
#include "fcnn/hyperparameter.hpp"

namespace fcnn {

// (1 + cos(pi x)) / 2 = cos^2(pi x / 2), x = at / length from 0 to 1, without
// cancellation: the series of the cosine, beyond x = 1/2 that of the sine of the rest.
inline double half_cosine(double at, double length) {
  constexpr double half_pi = 1.5707963267948966;
  const bool is_sine = 2 * at > length;
  const double y = half_pi * ((is_sine ? length - at : at) / length), y2 = y * y;
  double term = is_sine ? y : 1, sum = term;
  for (int k = is_sine ? 2 : 1; k < 18; k += 2) {  // the next is below 1e-17
    term *= -y2 / (k * (k + 1));
    sum += term;
  }
  return sum * sum;
}

// x^p for x >= 0, p >= 0; whole p by squaring.
inline double real_power(double x, double p) {
  if (p == std::floor(p) && p <= 64) return power(x, static_cast<std::int64_t>(p));
  return first(exp(Pack<double>(p) * log(Pack<double>(x))));
}

// lr(t) = lr
struct ConstantSchedule {
  static constexpr const char* name = "constant";
  static constexpr std::array hyperparameters = {Hyperparameter{"lr", kRequired}};
  double lr;
  explicit ConstantSchedule(const double* h) : lr(h[0]) {}

  double operator()(std::int64_t) const { return lr; }
};

// lr(t) = lr gamma^floor(t / steps). PyTorch's StepLR.
struct StepSchedule {
  static constexpr const char* name = "step";
  static constexpr std::array hyperparameters = {Hyperparameter{"lr", kRequired},
                                                 Hyperparameter{"steps", kRequired},
                                                 Hyperparameter{"gamma", 0.1}};
  double lr, steps, gamma;
  explicit StepSchedule(const double* h) : lr(h[0]), steps(h[1]), gamma(h[2]) {}

  double operator()(std::int64_t t) const {
    return lr * power(gamma, t / static_cast<std::int64_t>(steps));
  }
};

// lr(t) = lr gamma^t. PyTorch's ExponentialLR.
struct ExponentialSchedule {
  static constexpr const char* name = "exponential";
  static constexpr std::array hyperparameters = {Hyperparameter{"lr", kRequired},
                                                 Hyperparameter{"gamma", kRequired}};
  double lr, gamma;
  explicit ExponentialSchedule(const double* h) : lr(h[0]), gamma(h[1]) {}

  double operator()(std::int64_t t) const { return lr * power(gamma, t); }
};

// lr(t) = min_lr + (lr - min_lr) (1 + cos(pi t / steps)) / 2, then min_lr; with
// `restarts` it begins again after steps, then after steps growth, steps growth^2, ...
// Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.
// PyTorch's CosineAnnealingLR (which comes up again) and CosineAnnealingWarmRestarts.
struct CosineSchedule {
  static constexpr const char* name = "cosine";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", kRequired}, Hyperparameter{"steps", kRequired},
      Hyperparameter{"min_lr", 0}, Hyperparameter{"restarts", 0},
      Hyperparameter{"growth", 1}};
  double lr, steps, min_lr, restarts, growth;
  explicit CosineSchedule(const double* h)
      : lr(h[0]), steps(h[1]), min_lr(h[2]), restarts(h[3]), growth(h[4]) {}

  double operator()(std::int64_t t) const {
    double at = static_cast<double>(t), period = steps;  // whole numbers, exact
    if (restarts != 0 && growth == 1) at = std::fmod(at, period);
    if (restarts != 0)
      for (; at >= period; period *= growth) at -= period;
    return min_lr + (lr - min_lr) * half_cosine(std::min(at, period), period);
  }
};

// Up from max_lr / div_factor to max_lr in pct_start of the steps, then down to the
// start's lr / final_div_factor, each by half a cosine or a line; in three phases down
// to the start's lr first, as fast as up. The last value stays. Smith, Topin,
// Super-Convergence, 2018; PyTorch's OneCycleLR.
struct OneCycleSchedule {
  static constexpr const char* name = "one_cycle";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"max_lr", kRequired},     Hyperparameter{"steps", kRequired},
      Hyperparameter{"pct_start", 0.3},        Hyperparameter{"div_factor", 25},
      Hyperparameter{"final_div_factor", 1e4}, Hyperparameter{"linear", 0},
      Hyperparameter{"three_phase", 0}};
  double max_lr, steps, pct_start, div_factor, final_div_factor, linear, three_phase;
  explicit OneCycleSchedule(const double* h)
      : max_lr(h[0]),
        steps(h[1]),
        pct_start(h[2]),
        div_factor(h[3]),
        final_div_factor(h[4]),
        linear(h[5]),
        three_phase(h[6]) {}

  double operator()(std::int64_t t) const {
    const double low = max_lr / div_factor, lowest = low / final_div_factor;
    const double last = steps - 1, at = std::min(static_cast<double>(t), last);
    const double top = pct_start * steps - 1;
    if (at <= top) return between(low, max_lr, at, top);
    if (three_phase == 0) return between(max_lr, lowest, at - top, last - top);
    const double bottom = 2 * pct_start * steps - 2;
    if (at <= bottom) return between(max_lr, low, at - top, bottom - top);
    return between(low, lowest, at - bottom, last - bottom);
  }

 private:
  // the whole of a phase without length is its end
  double between(double from, double to, double at, double length) const {
    if (at >= length) return to;
    return linear != 0 ? from + (to - from) * (at / length)
                       : to + (from - to) * half_cosine(at, length);
  }
};

// lr(t) = min_lr + (lr - min_lr) (1 - t / steps)^power, then min_lr. PyTorch's
// PolynomialLR, which has no min_lr.
struct PolynomialSchedule {
  static constexpr const char* name = "polynomial";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", kRequired}, Hyperparameter{"steps", kRequired},
      Hyperparameter{"power", 1}, Hyperparameter{"min_lr", 0}};
  double lr, steps, exponent, min_lr;
  explicit PolynomialSchedule(const double* h)
      : lr(h[0]), steps(h[1]), exponent(h[2]), min_lr(h[3]) {}

  double operator()(std::int64_t t) const {
    const double rest = std::max(steps - static_cast<double>(t), 0.0) / steps;
    return min_lr + (lr - min_lr) * real_power(rest, exponent);
  }
};

// lr(t) = lr / (t + 1)^power. scikit-learn's "invscaling", where t counts samples.
struct InverseScalingSchedule {
  static constexpr const char* name = "inverse_scaling";
  static constexpr std::array hyperparameters = {Hyperparameter{"lr", kRequired},
                                                 Hyperparameter{"power", 0.5}};
  double lr, exponent;
  explicit InverseScalingSchedule(const double* h) : lr(h[0]), exponent(h[1]) {}

  double operator()(std::int64_t t) const {
    return lr / real_power(static_cast<double>(t) + 1, exponent);
  }
};

using ScheduleList =
    TypeList<ConstantSchedule, StepSchedule, ExponentialSchedule, CosineSchedule,
             OneCycleSchedule, PolynomialSchedule, InverseScalingSchedule>;

// Before one of them, whose t = 0 comes `steps` later: for t < steps its first value
// times start_factor + (1 - start_factor) t / steps. PyTorch's LinearLR, in
// SequentialLR.
struct WarmUp {
  static constexpr const char* name = "warmup";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"steps", kRequired}, Hyperparameter{"start_factor", 1.0 / 3}};
  double steps, start_factor;
  explicit WarmUp(const double* h) : steps(h[0]), start_factor(h[1]) {}

  double operator()(std::int64_t t) const {
    return start_factor + (1 - start_factor) * (static_cast<double>(t) / steps);
  }
};

}  // namespace fcnn
