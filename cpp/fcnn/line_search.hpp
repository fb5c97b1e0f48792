// A step a > 0 along a direction of descent that meets the strong Wolfe conditions
//
//     phi(a) <= phi(0) + ftol a phi'(0),    |phi'(a)| <= gtol |phi'(0)|,
//
// phi(a) = C(theta + a d): J. J. More, D. J. Thuente, Line Search Algorithms with
// Guaranteed Sufficient Decrease, ACM TOMS 20, 1994. Numbers only: whoever searches
// evaluates phi at step() and tells next().
#pragma once

namespace fcnn {

struct LineSearchOptions {
  double ftol = 1e-3, gtol = 0.9;
  double xtol = 0.1;       // an interval this narrow, relative to its end, is enough
  double max_step = 1e10;  // no step is longer
};

class LineSearch {
 public:
  // phi(0), phi'(0) < 0 and the first step to try.
  LineSearch(double phi, double slope, double step, const LineSearchOptions& options);

  double step() const { return step_; }

  enum class Status {
    evaluate,  // phi at the new step()
    found,     // the conditions hold at step()
    stuck,     // they may not: the interval is too narrow, or the longest step reached
  };
  // phi and phi' at step(). Where they are not finite, shorter steps follow.
  Status next(double phi, double slope);

 private:
  struct Point {
    double step, phi, slope;
  };
  // The next trial value from the best point, the interval's other end and the trial
  // itself, which then takes the place of one of them.
  static double refine(Point& best, Point& other, const Point& trial, bool& bracketed,
                       double low, double high);

  LineSearchOptions options_;
  Point start_, best_, other_;
  double step_;
  double low_, high_;            // where trial values may lie
  double width_, width_before_;  // of the interval, and of the one before it
  bool bracketed_ = false;       // there is a minimizer between best_ and other_
  bool first_stage_ = true;      // until phi <= its bound with a slope of at least 0
};

}  // namespace fcnn
