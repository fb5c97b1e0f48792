#include "fcnn/line_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fcnn {

namespace {

// What the minimizer of the cubic with these values and slopes at a and b is made of:
// Nocedal, Wright, Numerical Optimization, 2006, (3.59), gamma scaled against overflow.
// A cubic without a minimizer has gamma 0.
struct Cubic {
  double theta, gamma;

  Cubic(double a, double phi_a, double slope_a, double b, double phi_b,
        double slope_b) {
    theta = 3 * (phi_a - phi_b) / (b - a) + slope_a + slope_b;
    const double scale =
        std::max({std::abs(theta), std::abs(slope_a), std::abs(slope_b)});
    const double ratio = theta / scale;
    const double under = ratio * ratio - (slope_a / scale) * (slope_b / scale);
    gamma = scale * std::sqrt(std::max(0.0, under));
  }
};

// Where the quadratic with phi and phi' of a, and phi of b, has its minimum, as a
// fraction of the way from a to b.
double quadratic_minimum(double a, double phi_a, double slope_a, double b,
                         double phi_b) {
  return slope_a / ((phi_a - phi_b) / (b - a) + slope_a) / 2;
}

// The same of the quadratic with both slopes: the zero of the slopes' secant.
double secant_zero(double slope_a, double slope_b) {
  return slope_a / (slope_a - slope_b);
}

}  // namespace

LineSearch::LineSearch(double phi, double slope, double step,
                       const LineSearchOptions& options)
    : options_(options),
      start_{0, phi, slope},
      best_(start_),
      other_(start_),
      step_(std::min(step, options.max_step)),
      low_(0),
      high_(5 * step_),
      width_(options.max_step),
      width_before_(2 * options.max_step) {}

LineSearch::Status LineSearch::next(double phi, double slope) {
  if (!std::isfinite(phi) || !std::isfinite(slope)) {
    options_.max_step = step_;
    step_ = best_.step + (step_ - best_.step) / 2;
    return step_ == best_.step ? Status::stuck : Status::evaluate;
  }
  const double bound_slope = options_.ftol * start_.slope;
  const double bound = start_.phi + step_ * bound_slope;
  if (first_stage_ && phi <= bound && slope >= 0) first_stage_ = false;

  if (phi <= bound && std::abs(slope) <= options_.gtol * -start_.slope)
    return Status::found;
  if (bracketed_ && (step_ <= low_ || step_ >= high_)) return Status::stuck;
  if (bracketed_ && high_ - low_ <= options_.xtol * high_) return Status::stuck;
  if (step_ == options_.max_step && phi <= bound && slope <= bound_slope)
    return Status::stuck;

  const Point trial{step_, phi, slope};
  if (first_stage_ && phi <= best_.phi && phi > bound) {
    // In the first stage psi(a) = phi(a) - phi(0) - ftol a phi'(0) is minimized, where
    // the trial is no worse than the best but not yet good enough.
    const auto psi = [&](const Point& p) {
      return Point{p.step, p.phi - p.step * bound_slope, p.slope - bound_slope};
    };
    const auto back = [&](const Point& p) {
      return Point{p.step, p.phi + p.step * bound_slope, p.slope + bound_slope};
    };
    Point best = psi(best_), other = psi(other_);
    step_ = refine(best, other, psi(trial), bracketed_, low_, high_);
    best_ = back(best);
    other_ = back(other);
  } else {
    step_ = refine(best_, other_, trial, bracketed_, low_, high_);
  }

  if (bracketed_) {
    // bisect where the interval has not shrunk by a third in two steps
    const double width = std::abs(other_.step - best_.step);
    if (width >= 0.66 * width_before_)
      step_ = best_.step + (other_.step - best_.step) / 2;
    width_before_ = std::exchange(width_, width);
    low_ = std::min(best_.step, other_.step);
    high_ = std::max(best_.step, other_.step);
  } else {
    low_ = step_ + 1.1 * (step_ - best_.step);
    high_ = step_ + 4 * (step_ - best_.step);
  }
  step_ = std::min(std::max(step_, 0.0), options_.max_step);
  if (bracketed_ &&
      (step_ <= low_ || step_ >= high_ || high_ - low_ <= options_.xtol * high_))
    step_ = best_.step;  // nothing better is to be had: once more there
  return Status::evaluate;
}

// The four cases of the paper's section 4.
double LineSearch::refine(Point& best, Point& other, const Point& trial,
                          bool& bracketed, double low, double high) {
  const double way = trial.step - best.step;
  const Cubic c(best.step, best.phi, best.slope, trial.step, trial.phi, trial.slope);
  const bool opposite = (trial.slope < 0) != (best.slope < 0) && trial.slope != 0;
  double next = 0;
  if (trial.phi > best.phi) {
    // 1: higher, so that a minimizer lies between: the cubic's if it is nearer to best
    // than the quadratic's, else midway between the two
    const double gamma = way < 0 ? -c.gamma : c.gamma;
    const double cubic =
        best.step + way * (((gamma - best.slope) + c.theta) /
                           (((gamma - best.slope) + gamma) + trial.slope));
    const double quadratic =
        best.step +
        way * quadratic_minimum(best.step, best.phi, best.slope, trial.step, trial.phi);
    next = std::abs(cubic - best.step) < std::abs(quadratic - best.step)
               ? cubic
               : cubic + (quadratic - cubic) / 2;
    bracketed = true;
  } else {
    const double gamma = way > 0 ? -c.gamma : c.gamma;
    const double to_secant = trial.step - way * secant_zero(trial.slope, best.slope);
    const double p = (gamma - trial.slope) + c.theta;
    if (opposite) {
      // 2: lower, slopes of opposite signs: a minimizer lies between; whichever of the
      // cubic's and the secant's is farther from trial
      const double q = ((gamma - trial.slope) + gamma) + best.slope;
      const double cubic = trial.step - way * (p / q);
      next = std::abs(cubic - trial.step) > std::abs(to_secant - trial.step)
                 ? cubic
                 : to_secant;
      bracketed = true;
    } else if (std::abs(trial.slope) < std::abs(best.slope)) {
      // 3: lower, the slope less steep: the cubic's if it tends to infinity along the
      // way, or has its minimizer beyond trial; else as far as one may
      const double q = (gamma + (best.slope - trial.slope)) + gamma;
      const double r = p / q;
      double cubic = way > 0 ? high : low;
      if (r < 0 && gamma != 0) cubic = trial.step - way * r;
      const bool cubic_is_nearer =
          std::abs(cubic - trial.step) < std::abs(to_secant - trial.step);
      if (bracketed) {
        next = cubic_is_nearer ? cubic : to_secant;
        const double most = trial.step + 0.66 * (other.step - trial.step);
        next = way > 0 ? std::min(most, next) : std::max(most, next);
      } else {
        next = cubic_is_nearer ? to_secant : cubic;
        next = std::min(std::max(next, low), high);
      }
    } else if (bracketed) {
      // 4: lower, the slope no less steep: the cubic's between trial and other
      const Cubic d(trial.step, trial.phi, trial.slope, other.step, other.phi,
                    other.slope);
      const double g = trial.step > other.step ? -d.gamma : d.gamma;
      next = trial.step +
             (other.step - trial.step) * (((g - trial.slope) + d.theta) /
                                          (((g - trial.slope) + g) + other.slope));
    } else {
      next = way > 0 ? high : low;
    }
  }

  if (trial.phi > best.phi) {
    other = trial;
  } else {
    if (opposite) other = best;
    best = trial;
  }
  return next;
}

}  // namespace fcnn
