// One chunk of a batch in the engine: its gathered inputs and targets, and every
// layer's z, a and delta.
#pragma once

#include <cstdint>
#include <vector>

#include "fcnn/network.hpp"
#include "fcnn/noise.hpp"
#include "fcnn/table.hpp"

namespace fcnn {

// Samples of one chunk. Sums over a batch run over chunks of this many samples, in
// order, whatever the number of threads; and memory does not grow with the batch.
constexpr Index kChunk = 256;

// What a fit, a step or an evaluation reads.
struct Samples {
  Table x, y;                              // y.data null: no targets
  bool labels = false;                     // y is one column of class labels
  const double* weight = nullptr;          // of each row of x; null: all 1
  const std::int64_t* rows = nullptr;      // which rows, in order; null: all of them
  Index count = 0;                         // how many
  double keep_target = 1, add_target = 0;  // y' = keep y + add: label smoothing

  Index row(Index i) const { return rows ? static_cast<Index>(rows[i]) : i; }
  double weight_at(Index i) const { return weight ? weight[row(i)] : 1.0; }
};

// InvalidArgument naming the first of the samples before `last` with a number that is
// not finite as the network reads it (a T, or a double to be standardized), if any.
template <class T>
void check_finite(const Samples& samples, const Standardizer& standardizer, Index last);

template <class T>
class Batch {
 public:
  Batch(const Network<T>& network, Index capacity, bool with_delta);

  // Makes room for this many samples (at most the capacity).
  void resize(Index samples);

  // Reads samples (offset + first) .. (offset + last) into columns first .. last.
  void gather(const Samples& samples, Index offset, Index first, Index last);

  Index size() const { return size_; }
  const Strips<T>& a_before(Index l) const {
    if (l == 1) return x_;
    const Layer& before = layers_[at(l - 1)];
    return noisy_ && before.dropout > 0 ? before.dropped : before.a;
  }
  // m of layer l in a noisy batch; without data where nothing of it is dropped.
  Strips<T> mask(Index l) const { return noisy_ ? layers_[at(l)].mask : Strips<T>(); }
  const Strips<T>& z(Index l) const { return layers_[at(l)].z; }
  const Strips<T>& a(Index l) const { return layers_[at(l)].a; }
  const Strips<T>& delta(Index l) const { return layers_[at(l)].delta; }
  const Strips<T>& y() const { return y_; }
  // Noise and dropout of the inputs, and of the activations of layer l >= 1, for
  // samples first..last. After begin_noise a_before gives what came of them.
  void begin_noise(bool noisy) { noisy_ = noisy; }
  void disturb_inputs(const Draws& draws, Index first, Index last);
  void drop_out_layer(const Draws& draws, Index l, Index first, Index last);

  Vector<T> weight;  // w_i / sum w of the whole batch, for each sample
  Vector<T> value;   // C of each sample

 private:
  struct Layer {
    Index n_out;
    Vector<T> storage;
    Strips<T> z, a, delta;
    double dropout = 0;
    Strips<T> mask, dropped;  // m and m * a, where dropout > 0 and there are deltas
  };
  void smooth_targets(const Samples& samples, Index first, Index last);
  void gather_labels(const Samples& samples, Index offset, Index first, Index last);
  static std::size_t at(Index l) { return static_cast<std::size_t>(l - 1); }

  const Network<T>& network_;
  Index n_in_, size_ = 0;
  bool noisy_ = false;
  Vector<T> x_storage_, y_storage_;
  Strips<T> x_, y_;
  std::vector<Layer> layers_;
};

// w_i / sum w, the factor of each sample in the batch's C, for samples of which the
// batch's first is number `offset`.
template <class T>
void set_weights(const Samples& samples, Index offset, double sum_weight,
                 Batch<T>& batch);

}  // namespace fcnn
