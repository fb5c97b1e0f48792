#include "fcnn/lbfgs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "fcnn/line_search.hpp"

namespace fcnn {

namespace {

constexpr const char* kSmallGradient = "converged: the gradient is below tol_gradient";
constexpr const char* kSmallChange = "converged: the loss falls by less than tol_loss";
constexpr const char* kNoStep = "the line search found no lower loss";

// a'b in double, in one order whatever T.
template <class T>
double dot(const Vector<T>& a, const Vector<T>& b) {
  constexpr Index width = Strips<T>::width;
  std::array<double, static_cast<std::size_t>(width)> sums{};
  for (Index i = 0; i < a.size(); i += width)
    for (Index k = 0; k < width; ++k)
      sums[static_cast<std::size_t>(k)] +=
          static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

// to = a x + y
template <class T>
void add_multiple(double a, const Vector<T>& x, const Vector<T>& y, Vector<T>& to) {
  const Pack<T> factor(static_cast<T>(a));
  for (Index i = 0; i < x.size(); i += Pack<T>::size)
    fma(factor, Pack<T>::load(x.data() + i), Pack<T>::load(y.data() + i))
        .store(to.data() + i);
}

template <class T>
double largest(const Vector<T>& x) {
  return static_cast<double>(x.cwiseAbs().maxCoeff());
}

}  // namespace

template <class T>
Lbfgs<T>::Pair::Pair(Vector<T> step, Vector<T> change)
    : s(std::move(step)), y(std::move(change)), s_y(dot(s, y)), y_y(dot(y, y)) {}

template <class T>
Lbfgs<T>::Lbfgs(std::shared_ptr<Network<T>> network, const LbfgsOptions& options)
    : network_(std::move(network)), options_(options) {}

template <class T>
typename Lbfgs<T>::Point Lbfgs<T>::evaluate(Vector<T> theta, const FullBatch<T>& task,
                                            Interrupt& interrupt) {
  const Samples& samples = task.samples;
  engine_->load(theta.data());
  Point point;
  point.c = engine_->run({samples,
                          0,
                          samples.count,
                          task.sum_weight(),
                          task.loss,
                          task.penalties,
                          task.n_threads,
                          true,
                          {}},
                         interrupt);
  point.gradient.setZero(theta.size());
  engine_->layout().unpack(engine_->gradient(), point.gradient.data());
  point.theta = std::move(theta);
  ++evaluations_;
  return point;
}

// -H g by the two-loop recursion: Nocedal, Wright, Numerical Optimization, 2006,
// algorithm 7.4, with H_0 = (s'y / y'y) I of the last pair, (7.20).
template <class T>
Vector<T> Lbfgs<T>::direction(bool with_memory, Interrupt& interrupt) const {
  Vector<T> q = now_.gradient;
  if (with_memory && !pairs_.empty()) {
    std::vector<double> alpha(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      const Pair& pair = pairs_[i];
      alpha[i] = dot(pair.s, q) / pair.s_y;
      add_multiple(-alpha[i], pair.y, q, q);
      interrupt.between_passes();
    }
    q *= static_cast<T>(pairs_.back().s_y / pairs_.back().y_y);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Pair& pair = pairs_[i];
      const double beta = dot(pair.y, q) / pair.s_y;
      add_multiple(alpha[i] - beta, pair.s, q, q);
      interrupt.between_passes();
    }
  }
  q = -q;
  return q;
}

template <class T>
double Lbfgs<T>::iterate(const FullBatch<T>& task, Interrupt& interrupt) {
  finished_ = "";
  const Index size = std::min(task.samples.count, kChunk);
  if (!engine_ || engine_batch_ < size) {
    engine_ = std::make_unique<Engine<T>>(*network_, size, true);
    engine_batch_ = size;
  }
  const Index n = network_->n_parameters();
  const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T);
  if (!known_ || std::memcmp(now_.theta.data(), network_->theta(), bytes) != 0) {
    known_ = false;
    Vector<T> theta = Vector<T>::Zero(Strips<T>::padded(n));
    std::memcpy(theta.data(), network_->theta(), bytes);
    now_ = evaluate(std::move(theta), task, interrupt);
    if (!std::isfinite(now_.c) || !now_.gradient.allFinite())
      refuse_not_finite<T>(task.samples, network_->standardizer());
    known_ = true;
  }
  const double c = now_.c;
  if (largest(now_.gradient) <= options_.tol_gradient) {
    finished_ = kSmallGradient;
    return c;
  }

  Point next;
  for (bool with_memory : {true, false}) {
    const Vector<T> d = direction(with_memory, interrupt);
    const double slope = dot(d, now_.gradient);
    if (!(slope < 0)) continue;
    const double first_step = steps_ == 0 ? 1 / std::sqrt(dot(d, d)) : 1.0;
    if (search(d, slope, first_step, task, interrupt, next)) {
      accept(std::move(next), with_memory);
      return c;
    }
    if (pairs_.empty()) break;  // d was -g already
  }
  finished_ = kNoStep;
  return c;
}

// A lower point along d, by the strong Wolfe conditions where the arithmetic allows.
template <class T>
bool Lbfgs<T>::search(const Vector<T>& d, double slope, double first_step,
                      const FullBatch<T>& task, Interrupt& interrupt, Point& found) {
  LineSearch line(now_.c, slope, first_step, LineSearchOptions());
  for (int i = 0; i < options_.max_evaluations; ++i) {
    Vector<T> theta(d.size());
    add_multiple(line.step(), d, now_.theta, theta);  // theta + a d
    found = evaluate(std::move(theta), task, interrupt);
    const LineSearch::Status status = line.next(found.c, dot(d, found.gradient));
    if (status == LineSearch::Status::found) return true;
    if (status == LineSearch::Status::stuck) return found.c < now_.c;
  }
  return false;
}

template <class T>
void Lbfgs<T>::accept(Point next, bool with_memory) {
  Vector<T> s(next.theta.size()), y(next.theta.size());
  add_multiple(-1, now_.theta, next.theta, s);
  add_multiple(-1, now_.gradient, next.gradient, y);
  const double moved = dot(s, now_.gradient);  // g's = a g'd
  Pair pair(std::move(s), std::move(y));

  const std::size_t forgotten = with_memory ? 0 : pairs_.size();
  // without curvature along s the pair would not keep H positive definite
  if (pair.s_y > std::numeric_limits<double>::epsilon() * -moved)
    pairs_.push_back(std::move(pair));  // the last that may find no memory
  pairs_.erase(pairs_.begin(), pairs_.begin() + static_cast<std::ptrdiff_t>(forgotten));
  if (pairs_.size() > static_cast<std::size_t>(options_.memory)) pairs_.pop_front();
  const double fall = now_.c - next.c;
  const double scale = std::max({std::abs(now_.c), std::abs(next.c), 1.0});
  now_ = std::move(next);
  ++steps_;
  std::memcpy(network_->theta(), now_.theta.data(),
              static_cast<std::size_t>(network_->n_parameters()) * sizeof(T));
  if (largest(now_.gradient) <= options_.tol_gradient) {
    finished_ = kSmallGradient;
  } else if (fall <= options_.tol_loss * scale) {
    finished_ = kSmallChange;
  }
}

template <class T>
typename Lbfgs<T>::State Lbfgs<T>::state() const {
  State state;
  state.step = steps_;
  const Index n = network_->n_parameters();
  for (const Pair& pair : pairs_) {
    state.moments.push_back(pair.s.head(n));
    state.moments.push_back(pair.y.head(n));
  }
  return state;
}

template <class T>
void Lbfgs<T>::set_state(const State& state) {
  const Index n = network_->n_parameters();
  const auto& moments = state.moments;
  if (moments.size() % 2 != 0 ||
      moments.size() > 2 * static_cast<std::size_t>(options_.memory) ||
      !state.scalars.empty())
    throw InvalidArgument("the state is another optimizer's");
  std::deque<Pair> pairs;
  const auto padded = [&](const Vector<T>& moment) {
    if (moment.size() != n)
      throw InvalidArgument("the state is another network's: expected moments of " +
                            std::to_string(n) + " numbers, got " +
                            std::to_string(moment.size()));
    Vector<T> vector = Vector<T>::Zero(Strips<T>::padded(n));
    vector.head(n) = moment;
    return vector;
  };
  for (std::size_t k = 0; k < moments.size(); k += 2)
    if (!(pairs.emplace_back(padded(moments[k]), padded(moments[k + 1])).s_y > 0))
      throw InvalidArgument("the state is damaged: a pair without curvature");
  pairs_ = std::move(pairs);
  steps_ = state.step;
  known_ = false;
}

template class Lbfgs<float>;
template class Lbfgs<double>;

}  // namespace fcnn
