// L-BFGS: d = -H dC/dtheta, with H built from the last steps and gradient differences,
// and a line search along d. D. C. Liu, J. Nocedal, On the Limited Memory BFGS Method
// for Large Scale Optimization, 1989. Rules of starting and stopping are those of
// L-BFGS-B (C. Zhu, R. H. Byrd, P. Lu, J. Nocedal, Algorithm 778, 1997) without bounds.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "fcnn/full_batch.hpp"

namespace fcnn {

struct LbfgsOptions {
  int memory = 0;           // pairs
  double tol_gradient = 0;  // of max |dC/dtheta|
  double tol_loss = 0;      // of what C falls by, relative to max(|C|, 1)
  int max_evaluations = 0;  // of a line search
};

template <class T>
class Lbfgs {
 public:
  Lbfgs(std::shared_ptr<Network<T>> network, const LbfgsOptions& options);

  // One iteration over all the samples; returns C before it, penalties included. An
  // exception leaves theta and state as before.
  double iterate(const FullBatch<T>& task, Interrupt& interrupt);

  // C and its gradient are known from the last iteration. Where the samples or the loss
  // may have changed since they are not; iterate() sees itself whether theta has.
  void forget_evaluation() { known_ = false; }

  Network<T>& network() { return *network_; }
  // Why there is nothing more to do; empty: there is.
  const char* finished() const { return finished_; }
  std::int64_t evaluations() const { return evaluations_; }

  // step: iterations; moments: s and y of each pair, the oldest first, laid out as
  // theta.
  using State = typename Optimizer<T>::State;
  State state() const;
  void set_state(const State& state);

 private:
  // s = theta_(k+1) - theta_k, y = the same of the gradient. All vectors here are laid
  // out as theta, with zeros behind it up to a multiple of the strip's width.
  struct Pair {
    Vector<T> s, y;
    double s_y, y_y;
    Pair(Vector<T> step, Vector<T> change);
  };
  struct Point {
    double c = 0;
    Vector<T> theta, gradient;
  };

  Point evaluate(Vector<T> theta, const FullBatch<T>& task, Interrupt& interrupt);
  Vector<T> direction(bool with_memory, Interrupt& interrupt) const;
  bool search(const Vector<T>& d, double slope, double first_step,
              const FullBatch<T>& task, Interrupt& interrupt, Point& found);
  void accept(Point next, bool with_memory);

  std::shared_ptr<Network<T>> network_;
  LbfgsOptions options_;
  std::unique_ptr<Engine<T>> engine_;
  Index engine_batch_ = 0;
  std::deque<Pair> pairs_;
  std::int64_t steps_ = 0, evaluations_ = 0;
  bool known_ = false;
  Point now_;                  // if known
  const char* finished_ = "";  // no string: it is set after the step, and must not fail
};

}  // namespace fcnn
