// Levenberg-Marquardt: Gauss-Newton's step, damped,
//
//     (J^T J + l2/2 I_W + mu I) d = -(J^T r + l2/2 w),
//
// for C = r^T r + (l2/2) ||W||^2 (I_W and w: of the weights alone); taken if C falls,
// when mu shrinks; else mu grows and d is sought again. K. Levenberg, 1944;
// D. W. Marquardt, 1963; M. T. Hagan, M. B. Menhaj, Training Feedforward Networks with
// the Marquardt Algorithm, IEEE Transactions on Neural Networks 5, 1994. Defaults, in
// python/fcnn/full_batch.py, are those of MATLAB's trainlm.
#pragma once

#include <memory>
#include <string>

#include "fcnn/full_batch.hpp"
#include "fcnn/normal_equations.hpp"

namespace fcnn {

struct LevenbergMarquardtOptions {
  double mu = 0;  // the first
  double mu_dec = 0, mu_inc = 0, mu_max = 0;
  double goal = 0;          // C enough
  double min_gradient = 0;  // ||dC/dtheta|| enough
};

// All arithmetic is in double: for a network of floats in a copy, whose theta is
// rounded before it is judged.
template <class T>
class LevenbergMarquardt {
 public:
  LevenbergMarquardt(std::shared_ptr<Network<T>> network,
                     const LevenbergMarquardtOptions& options);

  // One step that lowers C; returns C before it, l2's penalty included. An exception
  // leaves theta and state as before. InvalidArgument for any loss but "mse" and
  // "quadratic", and for l1.
  double iterate(const FullBatch<T>& task, Interrupt& interrupt);

  void forget_evaluation() {}  // nothing is kept between iterations

  Network<T>& network() { return *network_; }
  // Why there is nothing more to do; empty: there is.
  const char* finished() const { return finished_; }
  std::int64_t evaluations() const { return evaluations_; }  // of C, or of J too

  // step: steps made; scalars: mu.
  using State = typename Optimizer<T>::State;
  State state() const;
  void set_state(const State& state);

 private:
  double penalty(double l2) const;
  double loss_at(const Vector<T>& theta, const FullBatch<T>& task, double factor,
                 Interrupt& interrupt);
  bool solve(double mu, double l2, const Vector<double>& gradient, int n_threads,
             Interrupt& interrupt, Vector<double>& d);
  template <class F>
  void for_each_weight(F f) const;

  std::shared_ptr<Network<T>> network_;
  LevenbergMarquardtOptions options_;
  Network<double> wide_;
  NormalEquations equations_;
  Matrix<double> factor_;
  double mu_;
  std::int64_t steps_ = 0, evaluations_ = 0;
  const char* finished_ = "";  // no string: it is set after the step, and must not fail
};

}  // namespace fcnn
