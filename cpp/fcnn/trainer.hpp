// Training: epochs of optimizer steps over mini-batches.
#pragma once

#include <memory>
#include <string>

#include "fcnn/engine.hpp"
#include "fcnn/optimizer.hpp"

namespace fcnn {

enum class Shuffle { none, rows, batches };

struct EpochOptions {
  Index batch_size = 32;
  Shuffle shuffle = Shuffle::rows;
  std::uint64_t seed = 0;  // with the epoch's number, the key of the shuffle
  std::uint32_t epoch = 0;
  Penalties penalties;
  double clip_norm = 0;  // 0: none
  int n_threads = 1;
};

// An optimizer's state, and the engine that steps with it. While an epoch runs theta
// stands still; it is brought up to date before a call returns or throws.
template <class T>
class Trainer {
 public:
  Trainer(std::shared_ptr<Network<T>> network, const std::string& optimizer,
          const Given& hyperparameters, const Schedule& schedule);

  // One epoch over samples.rows; its loss is the weighted mean of each batch's C before
  // its update. `outputs`, where not null, gets each sample's output before the update,
  // (samples.count, n_out), in the order of samples.rows. Divergence, and
  // InvalidArgument where the data was not finite, leave theta and state as before the
  // epoch; Interrupted leaves them as after the last whole step.
  double epoch(const Samples& samples, const Loss<T>& loss, const EpochOptions& options,
               T* outputs, Interrupt& interrupt);

  // One step over all the samples; Divergence and InvalidArgument: not made.
  double step(const Samples& samples, const Loss<T>& loss, const EpochOptions& options,
              Interrupt& interrupt);

  Network<T>& network() { return *network_; }
  double learning_rate() const { return optimizer_.learning_rate(); }
  void set_learning_rate(double lr) { optimizer_.set_learning_rate(lr); }

  // The optimizer's state, its moments laid out as theta.
  using State = typename Optimizer<T>::State;
  State state() const;
  void set_state(const State& state);

 private:
  Engine<T>& engine(Index batch_size);
  void store();
  bool parameters_finite();

  std::shared_ptr<Network<T>> network_;
  ParameterStrips<T> layout_;
  Optimizer<T> optimizer_;
  State before_;  // the optimizer's, at the beginning of the epoch
  std::unique_ptr<Engine<T>> engine_;
  Index engine_batch_ = 0;
  std::vector<std::int64_t> positions_, rows_;  // of the epoch's samples, in its order
  std::vector<Index> batch_end_;
};

}  // namespace fcnn
