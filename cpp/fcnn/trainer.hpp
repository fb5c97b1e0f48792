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
  std::uint64_t seed = 0;  // with the epoch's number, the key of shuffle and noise
  std::uint32_t epoch = 0;
  Index first_batch = 0,
        last_batch = -1;  // which of the epoch's batches; -1: to its end
  Penalties penalties;
  Bounds bounds;
  double label_smoothing = 0;
  int n_threads = 1;
};

// sum w C and sum w over the batches so far: the epoch's loss is their quotient.
struct EpochSums {
  double loss = 0, weight = 0;
};

// Over an epoch's batches so far that made a step, n being a batch's rows: sum n,
// sum n C, and sum n P, where P is what the penalties added to C.
struct RowSums {
  double rows = 0, loss = 0, penalty = 0;
};

// An optimizer's state, and the engine that steps with it. While an epoch runs theta
// stands still; it is brought up to date before a call returns or throws.
template <class T>
class Trainer {
 public:
  Trainer(std::shared_ptr<Network<T>> network, const std::string& optimizer,
          const Given& hyperparameters, const Schedule& schedule);

  // One epoch, or some of its batches, over samples.rows; its loss is the weighted mean
  // of each batch's C before its update. `outputs`, where not null, gets each sample's
  // output before the update, (samples.count, n_out), in the order of samples.rows.
  // Divergence, and InvalidArgument where the data was not finite, leave theta and
  // state as before the call; Interrupted leaves them as after the last whole step.
  EpochSums epoch(const Samples& samples, const Loss<T>& loss,
                  const EpochOptions& options, EpochSums sums, T* outputs,
                  Interrupt& interrupt);

  // One step over all the samples, which are number `first` and on of the epoch to the
  // random numbers; Divergence and InvalidArgument: not made.
  EpochSums step(const Samples& samples, const Loss<T>& loss,
                 const EpochOptions& options, Index first, T* outputs,
                 Interrupt& interrupt);

  Network<T>& network() { return *network_; }
  double learning_rate() const { return optimizer_.learning_rate(); }
  void set_learning_rate(double lr) { optimizer_.set_learning_rate(lr); }

  const RowSums& row_sums() const { return row_sums_; }

  // The optimizer's state, its moments laid out as theta.
  using State = typename Optimizer<T>::State;
  State state() const;
  void set_state(const State& state);

 private:
  // What decides the order of an epoch's samples.
  struct Order {
    Index count, batch_size;
    Shuffle shuffle;
    std::uint64_t seed;
    std::uint32_t epoch;
    bool operator==(const Order& other) const;
  };
  void plan_epoch(const Order& order, Interrupt& interrupt);
  Engine<T>& engine(Index batch_size);
  EpochSums run_batches(const Samples& ordered, Index first_batch, Index last_batch,
                        const Loss<T>& loss, const EpochOptions& options,
                        const Draws& draws, EpochSums sums,
                        const Observer<T>& keep_outputs, Interrupt& interrupt);
  void store();
  bool all_finite();

  std::shared_ptr<Network<T>> network_;
  ParameterStrips<T> layout_;
  Optimizer<T> optimizer_;
  State before_;  // the optimizer's, at the beginning of the epoch
  RowSums row_sums_;
  std::unique_ptr<Engine<T>> engine_;
  Index engine_batch_ = 0;
  Order order_{-1, 0, Shuffle::none, 0, 0};
  std::vector<std::int64_t> positions_, rows_;  // of the epoch's samples, in its order
  std::vector<Index> batch_end_;                // where each batch ends in it
};

}  // namespace fcnn
