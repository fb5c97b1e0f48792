// The second half of a step: from the deltas of a batch to dC/dtheta, the penalties and
// the optimizer's update. Shared out by emitting nodes, whole strips' worth of them, so
// that one part's update needs nothing of another's.
#pragma once

#include <functional>

#include "fcnn/batch.hpp"
#include "fcnn/parameter_strips.hpp"

namespace fcnn {

// Part p of `parts` of 0..count, cut at multiples of `grain`.
struct Range {
  Index first, last;
};

inline Range part_of(Index count, int part, int parts, Index grain) {
  const Index grains = (count + grain - 1) / grain;
  auto cut = [&](int p) { return std::min(count, grains * p / parts * grain); };
  return {cut(part), cut(part + 1)};
}

// C += l1 ||W||_1 + (l2 / 2) ||W||^2; weights only. `per_sample`: that over sum w_i,
// so that a batch's penalty is shared by its samples.
struct Penalties {
  double l1 = 0, l2 = 0;
  bool per_sample = false;
  bool any() const { return l1 != 0 || l2 != 0; }

  // What a batch's C gains.
  Penalties of_batch(double sum_weight) const {
    return per_sample ? Penalties{l1 / sum_weight, l2 / sum_weight} : *this;
  }
};

// The optimizer: begin() once a step, then rule(first, last, gradient) for stretches of
// the parameters that together are all of them, gradient[0] being dC/dtheta[first].
template <class T>
struct Updater {
  std::function<void()> begin;
  std::function<void(Index first, Index last, const T* gradient)> rule;
};

template <class T>
class Descent {
 public:
  // For parameters in strips; W^T, which backward needs, is kept up to date beside
  // them.
  Descent(const Network<T>& network, const ParameterStrips<T>& layout, T* parameters);

  Strips<T> transposed(Index l);  // W^T of layer l >= 2
  void transpose_all();

  // dC/dtheta of the batch, or with `add` that much more.
  void find_gradient(const Batch<T>& batch, bool add, int parts, Interrupt& interrupt);

  // Adds the penalties' gradient, and returns what C gains.
  double add_penalties(const Penalties& penalties, int parts);

  // g <- g min(1, bound / ||g||), the 2-norm of the whole gradient.
  void clip_norm(double bound);

  void update(const Updater<T>& updater, int parts);

  // W_k <- W_k min(1, bound / ||W_k||), the incoming weights of each node k.
  void limit_norms(double bound, int parts);

  // All of these (but clip_norm) one strip after the other, while it is in the cache.
  // Afterwards the gradient is not to be had.
  double update_at_once(const Batch<T>& batch, bool add, const Penalties& penalties,
                        const Updater<T>& updater, int parts);

  T* gradient() { return gradient_.data(); }

 private:
  template <class F>
  void for_each_layer(int parts, Interrupt* interrupt, F f);
  void add_penalty(const Penalties& penalties, Index l, Index s, const Range& columns,
                   const Strips<T>& g);
  double sum_of_penalties(const Penalties& penalties) const;
  void update_strip(const Updater<T>& updater, Index l, Index s, const Range& columns,
                    const Strips<T>& g);
  void update_bias(const Updater<T>& updater, Index l, const Share& share);
  static std::size_t at(Index l) { return static_cast<std::size_t>(l); }

  const Network<T>& network_;
  const ParameterStrips<T>& layout_;
  T* parameters_;
  Vector<T> gradient_;
  std::vector<Vector<T>> transposed_;  // [l]; empty for l < 2
  std::vector<Index> first_square_;    // [l]: where layer l's begin in penalties_
  Vector<double> penalties_;           // what C gains by each square of a strip's width
};

}  // namespace fcnn
