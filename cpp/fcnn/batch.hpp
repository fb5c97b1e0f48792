// One chunk of a batch in the engine: its gathered inputs and targets, and every
// layer's z, a and delta.
#pragma once

#include <cstdint>
#include <vector>

#include "fcnn/network.hpp"
#include "fcnn/table.hpp"

namespace fcnn {

// Samples of one chunk. Sums over a batch run over chunks of this many samples, in
// order, whatever the number of threads; and memory does not grow with the batch.
constexpr Index kChunk = 256;

// What a fit, a step or an evaluation reads.
struct Samples {
  Table x, y;                          // y.data null: no targets
  bool labels = false;                 // y is one column of class labels
  const double* weight = nullptr;      // of each row of x; null: all 1
  const std::int64_t* rows = nullptr;  // which rows, in order; null: all of them
  Index count = 0;                     // how many

  Index row(Index i) const { return rows ? static_cast<Index>(rows[i]) : i; }
  double weight_at(Index i) const { return weight ? weight[row(i)] : 1.0; }
};

// InvalidArgument naming the first of the samples before `last` with a number that is
// not finite (as a T), if there is one.
template <class T>
void check_finite(const Samples& samples, Index last);

template <class T>
class Batch {
 public:
  Batch(const Network<T>& network, Index capacity, bool with_delta);

  // Makes room for this many samples (at most the capacity).
  void resize(Index samples);

  // Reads samples (offset + first) .. (offset + last) into columns first .. last.
  void gather(const Samples& samples, Index offset, Index first, Index last);

  Index size() const { return size_; }
  const Strips<T>& a_before(Index l) const { return l == 1 ? x_ : a(l - 1); }
  const Strips<T>& z(Index l) const { return layers_[at(l)].z; }
  const Strips<T>& a(Index l) const { return layers_[at(l)].a; }
  const Strips<T>& delta(Index l) const { return layers_[at(l)].delta; }
  const Strips<T>& y() const { return y_; }
  Vector<T> weight;  // w_i / sum w of the whole batch, for each sample
  Vector<T> value;   // C of each sample

 private:
  struct Layer {
    Index n_out;
    Vector<T> storage;
    Strips<T> z, a, delta;
  };
  void gather_labels(const Samples& samples, Index offset, Index first, Index last);
  static std::size_t at(Index l) { return static_cast<std::size_t>(l - 1); }

  Index n_in_, size_ = 0;
  Vector<T> x_storage_, y_storage_;
  Strips<T> x_, y_;
  std::vector<Layer> layers_;
};

}  // namespace fcnn
