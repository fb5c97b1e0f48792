#include "fcnn/levenberg_marquardt.hpp"

#include <algorithm>
#include <cmath>

#include "fcnn/cholesky.hpp"

namespace fcnn {

namespace {

constexpr double kLeastMu = 1e-20;  // trainlm's

// f of C = sum_i w_i / sum w f sum_k (a_ik - y_ik)^2.
double factor_of(const std::string& loss, Index n_out) {
  if (loss == "mse") return 1 / static_cast<double>(n_out);
  if (loss == "quadratic") return 0.5;
  throw InvalidArgument("Levenberg-Marquardt needs the loss mse or quadratic, not " +
                        loss);
}

}  // namespace

template <class T>
LevenbergMarquardt<T>::LevenbergMarquardt(std::shared_ptr<Network<T>> network,
                                          const LevenbergMarquardtOptions& options)
    : network_(std::move(network)),
      options_(options),
      wide_(*network_),
      equations_(wide_),
      mu_(options.mu) {}

template <class T>
template <class F>
void LevenbergMarquardt<T>::for_each_weight(F f) const {
  for (const auto& layer : wide_.layers())
    for (Index i = 0; i < layer.n_in * layer.n_out; ++i) f(layer.weight + i);
}

// (l2 / 2) ||W||^2
template <class T>
double LevenbergMarquardt<T>::penalty(double l2) const {
  double squares = 0;
  for_each_weight([&](Index p) { squares += wide_.theta()[p] * wide_.theta()[p]; });
  return l2 / 2 * squares;
}

template <class T>
double LevenbergMarquardt<T>::loss_at(const Vector<T>& theta, const FullBatch<T>& task,
                                      double factor, Interrupt& interrupt) {
  for (Index p = 0; p < theta.size(); ++p)
    wide_.theta()[p] = static_cast<double>(theta[p]);
  equations_.load();
  ++evaluations_;
  const double c = equations_.loss(task.samples, factor, task.n_threads, interrupt);
  return c + penalty(task.penalties.l2);
}

// d of the damped equations; false where they are not positive definite.
template <class T>
bool LevenbergMarquardt<T>::solve(double mu, double l2, const Vector<double>& gradient,
                                  int n_threads, Interrupt& interrupt,
                                  Vector<double>& d) {
  equations_.copy_hessian(factor_, interrupt);
  factor_.diagonal().array() += mu;
  for_each_weight([&](Index p) { factor_(p, p) += l2 / 2; });
  if (!cholesky(factor_, n_threads, interrupt)) return false;
  d = -gradient;
  cholesky_solve(factor_, d);
  interrupt.between_passes();
  return d.allFinite();
}

template <class T>
double LevenbergMarquardt<T>::iterate(const FullBatch<T>& task, Interrupt& interrupt) {
  finished_ = "";
  task.sum_weight();
  const double f = factor_of(task.loss.entry.name, network_->n_out());
  const double l2 = task.penalties.l2;
  if (task.penalties.l1 != 0) throw InvalidArgument("Levenberg-Marquardt takes no l1");

  wide_.set_standardizer(network_->standardizer());
  const Index n = network_->n_parameters();
  for (Index p = 0; p < n; ++p)
    wide_.theta()[p] = static_cast<double>(network_->theta()[p]);
  equations_.load();
  ++evaluations_;
  const double c =
      equations_.compute(task.samples, f, task.n_threads, interrupt) + penalty(l2);
  // half of dC/dtheta
  Vector<double> gradient = equations_.gradient();
  for_each_weight([&](Index p) { gradient[p] += l2 / 2 * wide_.theta()[p]; });
  if (!std::isfinite(c) || !gradient.allFinite())
    refuse_not_finite<double>(task.samples, network_->standardizer());
  if (c <= options_.goal) {
    finished_ = "converged: the loss is at most goal";
    return c;
  }
  if (2 * std::sqrt(gradient.squaredNorm()) <= options_.min_gradient) {
    finished_ = "converged: the gradient is at most min_gradient";
    return c;
  }

  const Vector<double> start = Eigen::Map<const Vector<double>>(wide_.theta(), n);
  Vector<double> d;
  // a subnormal mu would count as 0, and never grow
  for (double mu = std::max(mu_, kLeastMu); mu <= options_.mu_max;
       mu *= options_.mu_inc) {
    if (!solve(mu, l2, gradient, task.n_threads, interrupt, d)) continue;
    const Vector<T> theta = (start + d).template cast<T>();
    if (!(loss_at(theta, task, f, interrupt) < c)) continue;
    std::copy_n(theta.data(), n, network_->theta());
    mu_ = std::max(mu * options_.mu_dec, kLeastMu);
    ++steps_;
    return c;
  }
  finished_ = "mu is above mu_max: no step lowers the loss";
  return c;
}

template <class T>
typename LevenbergMarquardt<T>::State LevenbergMarquardt<T>::state() const {
  State state;
  state.step = steps_;
  state.scalars = {mu_};
  return state;
}

template <class T>
void LevenbergMarquardt<T>::set_state(const State& state) {
  if (state.scalars.size() != 1 || !state.moments.empty())
    throw InvalidArgument("the state is another optimizer's");
  if (!(state.scalars[0] > 0) || !std::isfinite(state.scalars[0]))
    throw InvalidArgument("the state is damaged: mu must be above 0");
  mu_ = state.scalars[0];
  steps_ = state.step;
}

template class LevenbergMarquardt<float>;
template class LevenbergMarquardt<double>;

}  // namespace fcnn
