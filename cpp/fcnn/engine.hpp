// One pass over a batch: gather, forward, loss, backward, gradient, in chunks of
// samples and shared out over the threads. Used by training and by the calls that show
// z, a, delta and the gradient, so that what is shown is what trains.
#pragma once

#include <functional>
#include <optional>

#include "fcnn/descent.hpp"

namespace fcnn {

// Called after each chunk with the position of its first sample.
template <class T>
using Observer = std::function<void(Index first, const Batch<T>& chunk)>;

// Which samples, and what is wanted of them.
template <class T>
struct Pass {
  const Samples& samples;
  Index first, last;
  double sum_weight;  // sum w_i over them, above zero
  const Loss<T>& loss;
  Penalties penalties;
  int n_threads = 1;
  bool with_gradient = true;  // else the loss alone, without penalties
  const Observer<T>& observer;
  const Draws* draws = nullptr;  // null: without noise and dropout
};

// What a step does besides the optimizer's rule.
struct Bounds {
  double clip_norm = 0;  // of the whole gradient; 0: none
  double max_norm = 0;   // of each node's incoming weights; 0: none
};

template <class T>
class Engine {
 public:
  Engine(const Network<T>& network, Index max_batch, bool with_gradient);
  Engine(const Engine&) = delete;  // descent_ points into it
  Engine& operator=(const Engine&) = delete;

  // Takes theta over into strips.
  void load(const T* theta);

  // C and, with_gradient, its gradient; penalties included then.
  double run(const Pass<T>& pass, Interrupt& interrupt);

  // C, penalties included, before a step of gradient descent, which is made. It is the
  // caller's to look whether C is finite. Interrupted: no step is made.
  double step(const Pass<T>& pass, const Bounds& bounds, const Updater<T>& updater,
              Interrupt& interrupt);

  // Forward only: z and a of each chunk go to the observer.
  void forward_only(const Samples& samples, int n_threads, Interrupt& interrupt,
                    const Observer<T>& observer);

  // What the penalties added to the last step's C.
  double penalty() const { return penalty_; }

  const ParameterStrips<T>& layout() const { return layout_; }
  T* parameters() { return parameters_.data(); }
  T* gradient() { return descent_->gradient(); }

 private:
  Weights<T> weights(Index l);
  int share_out(Index samples, int n_threads) const;
  template <class F>
  double for_each_chunk(const Pass<T>& pass, Interrupt& interrupt, F after);
  void forward_share(const Samples& samples, Index offset, const Share& share,
                     const Draws* draws);
  Ahead next_rows(const Samples& samples, Index offset, const Share& share) const;
  void backward_share(const Loss<T>& loss, bool with_gradient, const Share& share);

  const Network<T>& network_;
  ParameterStrips<T> layout_;
  Vector<T> parameters_;
  std::optional<Descent<T>> descent_;
  Batch<T> batch_;
  int parts_ = 1;             // of the present chunk
  double multiply_adds_ = 0;  // of one sample's pass
  double penalty_ = 0;
};

// sum w_i of samples first..last, in order.
double sum_of_weights(const Samples& samples, Index first, Index last);

}  // namespace fcnn
