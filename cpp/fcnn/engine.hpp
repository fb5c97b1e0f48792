// One pass over a batch: gather, forward, loss, backward, gradient, in chunks of
// samples and shared out over the threads. Used by training and by the calls that show
// z, a, delta and the gradient, so that what is shown is what trains.
#pragma once

#include <functional>

#include "fcnn/batch.hpp"
#include "fcnn/parameter_strips.hpp"

namespace fcnn {

struct PassOptions {
  double l1 = 0, l2 = 0;
  int n_threads = 1;
  bool with_gradient = true;  // else the loss alone, and l1, l2 are not looked at
};

template <class T>
class Engine {
 public:
  Engine(const Network<T>& network, Index max_batch, bool with_gradient);

  // Takes theta over into strips, transposes W where backward needs it.
  void load(const T* theta);

  // Called after each chunk with the position of its first sample.
  using Observer = std::function<void(Index first, const Batch<T>& chunk)>;

  // C of samples first..last and, with_gradient, its gradient; penalties included then.
  // sum_weight is sum w_i over them, above zero.
  double run(const Samples& samples, Index first, Index last, double sum_weight,
             const Loss<T>& loss, const PassOptions& options, Interrupt& interrupt,
             const Observer& observer = {});

  // Forward only: z and a of each chunk go to the observer.
  void forward_only(const Samples& samples, int n_threads, Interrupt& interrupt,
                    const Observer& observer);

  // The optimizer's step: rule(first, last) for stretches that together are all of
  // parameters() and gradient_strips(), shared out as the gradient was; then W^T.
  using Updater = std::function<void(Index first, Index last)>;
  void update(const Updater& rule);

  const ParameterStrips<T>& layout() const { return layout_; }
  T* parameters() { return parameters_.data(); }
  T* gradient_strips() { return gradient_.data(); }

 private:
  Weights<T> weights(Index l);
  int share_out(Index samples, int n_threads) const;
  void forward_share(const Samples& samples, Index offset, const Share& share);
  Ahead next_rows(const Samples& samples, Index offset, const Share& share) const;
  void backward_share(const Loss<T>& loss, bool with_gradient, const Share& share);
  void gradient_share(bool add, int part, int parts, Interrupt& interrupt);
  void update(const Updater& rule, int parts);
  void update_columns(const Updater& rule, Index l, Index first, Index last);
  double add_penalties(double l1, double l2);

  const Network<T>& network_;
  ParameterStrips<T> layout_;
  Vector<T> parameters_, gradient_;
  std::vector<Vector<T>> transposed_;  // of layers 2 .. L
  Batch<T> batch_;
  int gradient_parts_ = 1;
  double flops_per_sample_ = 0;  // multiply-adds of one sample's pass
};

// sum w_i of samples first..last, in order.
double sum_of_weights(const Samples& samples, Index first, Index last);

// g <- g min(1, bound / ||g||), the 2-norm of the whole array; its sum runs in order.
template <class T>
void clip_norm(T* gradient, Index size, double bound);

}  // namespace fcnn
