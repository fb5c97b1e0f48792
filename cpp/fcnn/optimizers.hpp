// The optimizers: theta <- theta - ..., one struct each, and their one list. Rules and
// defaults are PyTorch's (torch.optim). A rule holds its hyperparameters and, after
// prepare(), the factors of the present step, for which `lr` is set before; update() is
// one pass over flat arrays.
//
// To add one: a struct, its place in `OptimizerList`, its twin in tests/reference.py
// and its class in python/fcnn/optimizers.py.
#pragma once

#include <cmath>

#include "fcnn/elementary.hpp"
#include "fcnn/hyperparameter.hpp"

namespace fcnn {

template <class T>
inline Pack<T> pack_of(double x) {
  return Pack<T>(static_cast<T>(x));
}

// a / root, where a root below the normal numbers (eps 0 and no gradient yet, as in
// padding) counts as the smallest of them: 0 / 0 makes no step.
template <class T>
inline Pack<T> quotient(Pack<T> a, Pack<T> root) {
  return a / at_least(root, Pack<T>(std::numeric_limits<T>::min()));
}

// A rule keeps min_moments..max_moments numbers for each parameter, n_moments() with
// its hyperparameters; they start at `initial_moment`. Steps count from 1 in prepare();
// `scalars` are what a rule must remember besides.
struct OptimizerDefaults {
  static constexpr std::size_t min_moments = 2, max_moments = 2;
  static constexpr double initial_moment = 0;
  static constexpr int n_scalars = 0;
};

// v <- momentum v + g (v = g in the first step); theta <- theta - lr v, or with
// Nesterov theta - lr (g + momentum v). Sutskever et al., On the Importance of
// Initialization and Momentum in Deep Learning, 2013, in PyTorch's form.
struct Sgd : OptimizerDefaults {
  static constexpr const char* name = "sgd";
  static constexpr std::array hyperparameters = {Hyperparameter{"lr", 1e-3},
                                                 Hyperparameter{"momentum", 0},
                                                 Hyperparameter{"nesterov", 0}};
  static constexpr std::size_t min_moments = 0, max_moments = 1;
  double lr, momentum, nesterov;
  explicit Sgd(const double* h) : lr(h[0]), momentum(h[1]), nesterov(h[2]) {}

  int n_moments() const { return momentum != 0 ? 1 : 0; }
  void prepare(std::int64_t, double*) {}
  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    Pack<T> direction = g;
    if constexpr (N > 0) {
      Pack<T>& v = moment[0];
      v = fma(pack_of<T>(momentum), v, g);
      direction = nesterov != 0 ? fma(pack_of<T>(momentum), v, g) : v;
    }
    theta = fma(pack_of<T>(-lr), direction, theta);
  }
};

// m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
// theta <- theta - lr (m / c1) / (sqrt(v / c2) + eps), c = 1 - beta^t; or, `eps_hat`,
// theta <- theta - lr (m / c1) / ((sqrt(v) + eps) / sqrt(c2)), as in Keras.
// Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, and end of section 2.
struct Adam : OptimizerDefaults {
  static constexpr const char* name = "adam";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", 1e-3}, Hyperparameter{"beta1", 0.9},
      Hyperparameter{"beta2", 0.999}, Hyperparameter{"eps", 1e-8},
      Hyperparameter{"eps_hat", 0}};
  double lr, beta1, beta2, eps, eps_hat;
  double step_size = 0, root_c2 = 1, added = 0;
  explicit Adam(const double* h)
      : lr(h[0]), beta1(h[1]), beta2(h[2]), eps(h[3]), eps_hat(h[4]) {}

  int n_moments() const { return 2; }
  void prepare(std::int64_t t, double*) {
    step_size = lr / (1 - power(beta1, t));
    root_c2 = std::sqrt(1 - power(beta2, t));
    added = eps_hat != 0 ? eps / root_c2 : eps;
  }
  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    Pack<T>&m = moment[0], &v = moment[1];
    m = fma(pack_of<T>(1 - beta1), g - m, m);
    v = fma(pack_of<T>(1 - beta2) * g, g, pack_of<T>(beta2) * v);
    const Pack<T> root = fma(sqrt(v), pack_of<T>(1 / root_c2), pack_of<T>(added));
    theta = theta - quotient(pack_of<T>(step_size) * m, root);
  }
};

// theta <- (1 - lr weight_decay) theta, then Adam's step.
// Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019.
struct AdamW : Adam {
  static constexpr const char* name = "adamw";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", 1e-3},     Hyperparameter{"beta1", 0.9},
      Hyperparameter{"beta2", 0.999}, Hyperparameter{"eps", 1e-8},
      Hyperparameter{"eps_hat", 0},   Hyperparameter{"weight_decay", 1e-2}};
  double weight_decay;
  explicit AdamW(const double* h) : Adam(h), weight_decay(h[5]) {}

  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    theta = theta * pack_of<T>(1 - lr * weight_decay);
    Adam::update<T, N>(theta, g, moment);
  }
};

// v <- alpha v + (1 - alpha) g^2;  theta <- theta - lr g / (sqrt(v) + eps). `centered`
// takes v - mean(g)^2 for v, `momentum` lets the quotients build up before the step.
// Tieleman, Hinton, Lecture 6.5, 2012; Graves, Generating Sequences, 2013.
struct RmsProp : OptimizerDefaults {
  static constexpr const char* name = "rmsprop";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", 1e-2}, Hyperparameter{"alpha", 0.99},
      Hyperparameter{"eps", 1e-8}, Hyperparameter{"momentum", 0},
      Hyperparameter{"centered", 0}};
  static constexpr std::size_t min_moments = 1, max_moments = 3;
  double lr, alpha, eps, momentum, centered;
  explicit RmsProp(const double* h)
      : lr(h[0]), alpha(h[1]), eps(h[2]), momentum(h[3]), centered(h[4]) {}

  // v, then the mean of g if centered, then the momentum's buffer
  int n_moments() const {
    return 1 + (centered != 0 ? 1 : 0) + (momentum != 0 ? 1 : 0);
  }
  void prepare(std::int64_t, double*) {}
  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    Pack<T>& v = moment[0];
    v = fma(pack_of<T>(1 - alpha) * g, g, pack_of<T>(alpha) * v);
    Pack<T> variance = v;
    if constexpr (N > 1) {
      if (centered != 0) {
        Pack<T>& mean = moment[1];
        mean = fma(pack_of<T>(1 - alpha), g - mean, mean);
        // rounding may take v - mean^2 below zero, where g has hardly varied
        variance = at_least(v - mean * mean, Pack<T>(T(0)));
      }
    }
    Pack<T> direction = quotient(g, sqrt(variance) + pack_of<T>(eps));
    if constexpr (N > 1) {
      if (momentum != 0) {
        Pack<T>& buffer = moment[N - 1];
        buffer = fma(pack_of<T>(momentum), buffer, direction);
        direction = buffer;
      }
    }
    theta = fma(pack_of<T>(-lr), direction, theta);
  }
};

// v <- v + g^2;  theta <- theta - lr / (1 + (t - 1) lr_decay) g / (sqrt(v) + eps).
// Duchi, Hazan, Singer, Adaptive Subgradient Methods, 2011.
struct Adagrad : OptimizerDefaults {
  static constexpr const char* name = "adagrad";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", 1e-2}, Hyperparameter{"lr_decay", 0},
      Hyperparameter{"eps", 1e-10}, Hyperparameter{"initial_accumulator_value", 0}};
  static constexpr std::size_t min_moments = 1, max_moments = 1;
  double lr, lr_decay, eps, initial_moment;
  double rate = 0;
  explicit Adagrad(const double* h)
      : lr(h[0]), lr_decay(h[1]), eps(h[2]), initial_moment(h[3]) {}

  int n_moments() const { return 1; }
  void prepare(std::int64_t t, double*) {
    rate = lr / (1 + static_cast<double>(t - 1) * lr_decay);
  }
  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    Pack<T>& v = moment[0];
    v = fma(g, g, v);
    theta = theta - quotient(pack_of<T>(rate) * g, sqrt(v) + pack_of<T>(eps));
  }
};

// Adam with Nesterov's look ahead: with mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)
// and M_t = mu_1 ... mu_t, theta <- theta - lr ((1 - mu_t) / (1 - M_t) g +
// mu_(t+1) / (1 - M_(t+1)) m) / (sqrt(v / c2) + eps). Dozat, Incorporating Nesterov
// Momentum into Adam, 2016.
struct Nadam : OptimizerDefaults {
  static constexpr const char* name = "nadam";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", 2e-3}, Hyperparameter{"beta1", 0.9},
      Hyperparameter{"beta2", 0.999}, Hyperparameter{"eps", 1e-8},
      Hyperparameter{"momentum_decay", 4e-3}};
  static constexpr int n_scalars = 1;  // M_t
  double lr, beta1, beta2, eps, momentum_decay;
  double of_gradient = 0, of_moment = 0, root_c2 = 1;
  explicit Nadam(const double* h)
      : lr(h[0]), beta1(h[1]), beta2(h[2]), eps(h[3]), momentum_decay(h[4]) {}

  int n_moments() const { return 2; }
  void prepare(std::int64_t t, double* scalars) {
    const double mu = mu_of(t), next_mu = mu_of(t + 1);
    double& product = scalars[0];
    product = (t == 1 ? 1 : product) * mu;
    of_gradient = lr * (1 - mu) / (1 - product);
    of_moment = lr * next_mu / (1 - product * next_mu);
    root_c2 = std::sqrt(1 - power(beta2, t));
  }
  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    Pack<T>&m = moment[0], &v = moment[1];
    m = fma(pack_of<T>(1 - beta1), g - m, m);
    v = fma(pack_of<T>(1 - beta2) * g, g, pack_of<T>(beta2) * v);
    const Pack<T> root = fma(sqrt(v), pack_of<T>(1 / root_c2), pack_of<T>(eps));
    const Pack<T> ahead = fma(pack_of<T>(of_gradient), g, pack_of<T>(of_moment) * m);
    theta = theta - quotient(ahead, root);
  }

 private:
  double mu_of(std::int64_t t) const {
    constexpr double log_096 = -0.040821994520255166;
    const double exponent = static_cast<double>(t) * momentum_decay * log_096;
    return beta1 * (1 - 0.5 * first(exp(Pack<double>(exponent))));
  }
};

// A step size of its own for each parameter, by the signs of g and of the last step's
// g: equal: size <- min(size eta_plus, step_max); opposite: size <- max(size eta_minus,
// step_min), and no step, as if g were 0; theta <- theta - sign(g) size. Riedmiller,
// Braun, A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP
// Algorithm, 1993, in PyTorch's form. For the gradient over all rows: a mini-batch's
// signs are noise.
struct Rprop : OptimizerDefaults {
  static constexpr const char* name = "rprop";
  static constexpr std::array hyperparameters = {
      Hyperparameter{"lr", 1e-2}, Hyperparameter{"eta_minus", 0.5},
      Hyperparameter{"eta_plus", 1.2}, Hyperparameter{"step_min", 1e-6},
      Hyperparameter{"step_max", 50}};
  double lr, eta_minus, eta_plus, step_min, step_max;
  explicit Rprop(const double* h)
      : lr(h[0]), eta_minus(h[1]), eta_plus(h[2]), step_min(h[3]), step_max(h[4]) {}

  int n_moments() const { return 2; }
  void prepare(std::int64_t, double*) {}
  template <class T, std::size_t N>
  void update(Pack<T>& theta, Pack<T> g, std::array<Pack<T>, N>& moment) const {
    Pack<T>&size = moment[0], &last = moment[1];  // of last the sign alone
    const Pack<T> zero(T(0)), one(T(1));
    size = select(size == zero, pack_of<T>(lr), size);  // the first step
    const Pack<T> sign = select(g > zero, one, select(g < zero, -one, g));
    const Pack<T> agree = sign * last;
    const Pack<T> eta = select(agree > zero, pack_of<T>(eta_plus),
                               select(agree < zero, pack_of<T>(eta_minus), one));
    size = at_most(at_least(size * eta, pack_of<T>(step_min)), pack_of<T>(step_max));
    last = select(agree < zero, zero, sign);
    theta = theta - last * size;
  }
};

using OptimizerList = TypeList<Sgd, Adam, AdamW, RmsProp, Adagrad, Nadam, Rprop>;

}  // namespace fcnn
